// Reads one request from a Flight server with arrow-go, by every door, and prints what came as one
// JSON object. Knows nothing of this project but the service's address; uses the library's default
// options, so a message above gRPC's 4 MiB receive limit fails it.
//
//	go run . -server 127.0.0.1:8815 -by path|cmd|ticket REQUEST [PATH PART...]
//
// Exit codes: 0 the stream ended well, 1 it did not (the error goes to stderr), 2 usage.
package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

type column struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Nullable bool   `json:"nullable"`
}

type result struct {
	By        string   `json:"by"`
	Columns   []column `json:"columns"`
	Endpoints int      `json:"endpoints"`
	Records   int64    `json:"total_records"`
	Batches   int      `json:"batches"`
	Rows      int64    `json:"rows"`
	Sequences []uint32 `json:"sequences"`
	Hashes    []string `json:"hashes"`
	XDRBytes  int64    `json:"xdr_bytes"`
	Code      string   `json:"code"`
}

func columnsOf(schema *arrow.Schema) []column {
	columns := make([]column, 0, schema.NumFields())
	for _, field := range schema.Fields() {
		columns = append(columns, column{field.Name, field.Type.String(), field.Nullable})
	}
	return columns
}

// The schemas of GetSchema and GetFlightInfo must be the stream's own.
func describe(ctx context.Context, client flight.Client, descriptor *flight.FlightDescriptor,
) (*flight.FlightInfo, *arrow.Schema, error) {
	info, err := client.GetFlightInfo(ctx, descriptor)
	if err != nil {
		return nil, nil, fmt.Errorf("GetFlightInfo: %w", err)
	}
	promised, err := flight.DeserializeSchema(info.GetSchema(), memory.DefaultAllocator)
	if err != nil {
		return nil, nil, fmt.Errorf("schema of GetFlightInfo: %w", err)
	}
	answer, err := client.GetSchema(ctx, descriptor)
	if err != nil {
		return nil, nil, fmt.Errorf("GetSchema: %w", err)
	}
	schema, err := flight.DeserializeSchema(answer.GetSchema(), memory.DefaultAllocator)
	if err != nil {
		return nil, nil, fmt.Errorf("schema of GetSchema: %w", err)
	}
	if !schema.Equal(promised) {
		return nil, nil, fmt.Errorf("GetSchema says %s, GetFlightInfo %s", schema, promised)
	}
	return info, schema, nil
}

func read(ctx context.Context, client flight.Client, ticket *flight.Ticket, promised *arrow.Schema,
	out *result) error {
	stream, err := client.DoGet(ctx, ticket)
	if err != nil {
		return fmt.Errorf("DoGet: %w", err)
	}
	reader, err := flight.NewRecordReader(stream)
	if err != nil {
		return fmt.Errorf("DoGet: %w", err)
	}
	defer reader.Release()
	if promised != nil && !reader.Schema().Equal(promised) {
		return fmt.Errorf("DoGet sends %s, promised was %s", reader.Schema(), promised)
	}
	out.Columns = columnsOf(reader.Schema())
	for {
		batch, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		out.Batches++
		out.Rows += batch.NumRows()
		for i, field := range reader.Schema().Fields() {
			switch values := batch.Column(i).(type) {
			case *array.Uint32:
				if field.Name == "ledger_sequence" {
					out.Sequences = append(out.Sequences, values.Uint32Values()...)
				}
			case *array.FixedSizeBinary:
				if field.Name == "ledger_hash" {
					for row := 0; row < values.Len(); row++ {
						out.Hashes = append(out.Hashes, hex.EncodeToString(values.Value(row)))
					}
				}
			case *array.Binary:
				if field.Name == "ledger_close_meta_xdr" {
					for row := 0; row < values.Len(); row++ {
						out.XDRBytes += int64(len(values.Value(row)))
					}
				}
			}
		}
	}
}

func run(ctx context.Context, server, by string, request []string, out *result) error {
	client, err := flight.NewClientWithMiddleware(server, nil, nil,
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer client.Close()

	var descriptor *flight.FlightDescriptor
	switch by {
	case "ticket":
		return read(ctx, client, &flight.Ticket{Ticket: []byte(request[0])}, nil, out)
	case "path":
		descriptor = &flight.FlightDescriptor{Type: flight.DescriptorPATH, Path: request}
	case "cmd":
		descriptor = &flight.FlightDescriptor{Type: flight.DescriptorCMD, Cmd: []byte(request[0])}
	}
	info, schema, err := describe(ctx, client, descriptor)
	if err != nil {
		return err
	}
	out.Endpoints = len(info.GetEndpoint())
	out.Records = info.GetTotalRecords()
	for _, endpoint := range info.GetEndpoint() {
		if err := read(ctx, client, endpoint.GetTicket(), schema, out); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	server := flag.String("server", "127.0.0.1:8815", "host:port of the Flight service")
	by := flag.String("by", "path", "the door: path, cmd or ticket")
	limit := flag.Duration("timeout", time.Minute, "give up after this time")
	flag.Parse()
	known := *by == "path" || *by == "cmd" || *by == "ticket"
	if !known || flag.NArg() == 0 || (*by != "path" && flag.NArg() != 1) {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()

	out := result{By: *by, Columns: []column{}, Sequences: []uint32{}, Hashes: []string{}}
	err := run(ctx, *server, *by, flag.Args(), &out)
	out.Code = codes.OK.String()
	if err != nil {
		out.Code = codes.Unknown.String()
		var answered interface{ GRPCStatus() *status.Status }
		if errors.As(err, &answered) {
			out.Code = answered.GRPCStatus().Code().String()
		}
	}
	if printed := json.NewEncoder(os.Stdout).Encode(out); printed != nil {
		fmt.Fprintln(os.Stderr, printed)
		os.Exit(1)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
