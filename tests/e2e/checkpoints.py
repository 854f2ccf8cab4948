"""What the tests of checkpoints share: streams with a name, and the server's actions."""

import json

import pyarrow.flight as flight

import program


class Client:
    """A client that reads streams with a checkpoint's name, and acknowledges."""

    def __init__(self, server):
        self.headers = program.Headers()
        self._client = flight.connect(server.location, middleware=[self.headers])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.close()

    def start(self, ticket, name=None, cursor=None):
        headers = [] if name is None else [(b"x-checkpoint-id", name.encode())]
        if cursor is not None:
            headers.append((b"x-resume-cursor", json.dumps(cursor).encode()))
        return self._client.do_get(flight.Ticket(ticket),
                                   flight.FlightCallOptions(timeout=60, headers=headers))

    def read(self, ticket, name=None, cursor=None, take=None):
        """The sequences and cursors of a stream, to its end or the first `take` batches."""
        sequences, cursors = [], []
        for chunk in self.start(ticket, name, cursor):
            sequences += chunk.data.column("ledger_sequence").to_pylist()
            cursors.append(json.loads(chunk.app_metadata.to_pybytes()))
            if len(cursors) == take:
                break
        return sequences, cursors

    @property
    def name(self):
        """What the server called the last stream."""
        (name,) = self.headers.received["x-checkpoint-id"]
        return name

    def act(self, kind, body=None):
        body = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        results = self._client.do_action(flight.Action(f"checkpoint.{kind}", body), program.options(60))
        return [json.loads(result.body.to_pybytes()) for result in results]

    def ack(self, name, cursor):
        (reply,) = self.act("ack", {"checkpoint_id": name, "cursor": cursor})
        return reply

    def list(self):
        return {reply["checkpoint_id"]: reply for reply in self.act("list")}

    def remove(self, name):
        (reply,) = self.act("remove", {"checkpoint_id": name})
        return reply

    def actions(self):
        return self._client.list_actions(program.options(60))
