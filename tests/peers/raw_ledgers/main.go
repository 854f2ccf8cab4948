// A RawLedgerService of another implementation, and a client of one. Both know the service's proto by
// its numbers alone: nothing here is made from the project's own file.
//
//	raw_ledgers serve FILE FIRST      serves the record-marked ledgers of FILE, which follow each
//	                                  other from FIRST on, and waits behind them
//	raw_ledgers read ADDRESS FIRST N  prints sequence and length of N ledgers, then health and the
//	                                  services that reflection lists
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

const service = "raw_ledger_service.RawLedgerService"

// rawCodec passes messages as the bytes they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (rawCodec) Name() string                       { return "proto" }

// number reads a varint field of a message.
func number(message []byte, field protowire.Number) (value uint64) {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		message = message[n:]
		if num == field && kind == protowire.VarintType {
			value, _ = protowire.ConsumeVarint(message)
		}
		message = message[protowire.ConsumeFieldValue(num, kind, message):]
	}
	return value
}

func blob(message []byte, field protowire.Number) (value []byte) {
	for len(message) > 0 {
		num, kind, n := protowire.ConsumeTag(message)
		message = message[n:]
		if num == field && kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(message)
		}
		message = message[protowire.ConsumeFieldValue(num, kind, message):]
	}
	return value
}

type ledger struct {
	sequence uint32
	bytes    []byte
}

func readLedgers(path string, first uint32) (ledgers []ledger) {
	data, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	for sequence := first; len(data) > 0; sequence++ {
		size := binary.BigEndian.Uint32(data) &^ (1 << 31)
		ledgers = append(ledgers, ledger{sequence, data[4 : 4+size]})
		data = data[4+size:]
	}
	return ledgers
}

func serve(path string, first uint32) {
	ledgers := readLedgers(path, first)
	server := grpc.NewServer(grpc.ForceServerCodec(rawOrProto{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName:    "StreamRawLedgers",
			ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error {
				var request []byte
				if err := stream.RecvMsg(&request); err != nil {
					return err
				}
				start := uint32(number(request, 1))
				if start < ledgers[0].sequence {
					return status.Errorf(codes.Internal, "ledger %d is out of range", start)
				}
				for _, ledger := range ledgers {
					if ledger.sequence < start {
						continue
					}
					message := protowire.AppendTag(nil, 1, protowire.VarintType)
					message = protowire.AppendVarint(message, uint64(ledger.sequence))
					message = protowire.AppendTag(message, 2, protowire.BytesType)
					message = protowire.AppendBytes(message, ledger.bytes)
					if err := stream.SendMsg(&message); err != nil {
						return err
					}
				}
				<-stream.Context().Done()
				return nil
			},
		}},
	}, struct{}{})
	healthpb.RegisterHealthServer(server, health.NewServer())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(server.Serve(listener))
}

// rawOrProto is rawCodec for the ledgers, and protobuf for health.
type rawOrProto struct{ rawCodec }

func (c rawOrProto) Marshal(v any) ([]byte, error) {
	if _, raw := v.(*[]byte); raw {
		return c.rawCodec.Marshal(v)
	}
	return proto.Marshal(v.(proto.Message))
}

func (c rawOrProto) Unmarshal(data []byte, v any) error {
	if _, raw := v.(*[]byte); raw {
		return c.rawCodec.Unmarshal(data, v)
	}
	return proto.Unmarshal(data, v.(proto.Message))
}

func read(address string, first uint32, count int) {
	client, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := client.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true},
		"/"+service+"/StreamRawLedgers", grpc.ForceCodec(rawCodec{}))
	if err != nil {
		log.Fatal(err)
	}
	request := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(first))
	if err := stream.SendMsg(&request); err != nil {
		log.Fatal(err)
	}
	if err := stream.CloseSend(); err != nil {
		log.Fatal(err)
	}
	for range count {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			log.Fatal(err)
		}
		fmt.Println(number(message, 1), len(blob(message, 2)))
	}
	answer, err := healthpb.NewHealthClient(client).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("health", answer.Status)
	reflection, err := reflectionpb.NewServerReflectionClient(client).ServerReflectionInfo(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := reflection.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}); err != nil {
		log.Fatal(err)
	}
	listed, err := reflection.Recv()
	if err != nil {
		log.Fatal(err)
	}
	for _, known := range listed.GetListServicesResponse().Service {
		fmt.Println("service", known.Name)
	}
}

func main() {
	parse := func(text string) uint32 {
		value, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			log.Fatal(err)
		}
		return uint32(value)
	}
	switch {
	case len(os.Args) == 4 && os.Args[1] == "serve":
		serve(os.Args[2], parse(os.Args[3]))
	case len(os.Args) == 5 && os.Args[1] == "read":
		read(os.Args[2], parse(os.Args[3]), int(parse(os.Args[4])))
	default:
		log.Fatal("raw_ledgers serve FILE FIRST | read ADDRESS FIRST N")
	}
}
