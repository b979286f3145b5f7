# SPDX-License-Identifier: BSD-2-Clause
"""The stream of records, from which every report is made (docs/results.md, section 8).

Each record is one line of JSON, and only whole lines are written, so that a killed runner leaves a
file that is valid up to its last line end.
"""
import json
import os
from typing import Any, Dict, List, Sequence

from ..model import UserError

SCHEMA = 1
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Stream:
    """Writes records to files and keeps them for the reports."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.records: List[Dict[str, Any]] = []
        self._files = [(path, open_output(path)) for path in paths]

    def add(self, *records: Dict[str, Any]) -> None:
        """Write each record as one line to every file, all lines at once."""
        self.records.extend(records)
        data = "".join([_encode(record) + "\n" for record in records]).encode()
        for path, fd in self._files:
            write_all(path, fd, data)

    def close(self) -> None:
        """Close the files."""
        for _, fd in self._files:
            if fd != 1:
                os.close(fd)
        self._files = []


def open_output(path: str) -> int:
    """A file descriptor to write to; - is standard output."""
    if path == "-":
        return 1
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    except OSError as error:
        raise UserError("cannot write %s: %s" % (path, error.strerror)) from None


def write_all(path: str, fd: int, data: bytes) -> None:
    """Write all of data; a UserError says why that failed."""
    try:
        while data:
            data = data[os.write(fd, data):]
    except OSError as error:
        raise UserError("cannot write %s: %s" % (path, error.strerror)) from None


def write_file(path: str, text: str) -> None:
    """Write a whole report to a file, or to standard output if path is -."""
    fd = open_output(path)
    try:
        write_all(path, fd, text.encode("utf-8", "backslashreplace"))
    finally:
        if fd != 1:
            os.close(fd)


def read_records(path: str) -> List[Dict[str, Any]]:
    """The records in a file; a last line that was cut off is left out."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise UserError("cannot read %s: %s" % (path, error.strerror)) from None
    records = []
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        try:
            record = json.loads(line)
        except ValueError:
            raise UserError("%s:%d is not a line of JSON" % (path, number)) from None
        if not isinstance(record, dict) or "type" not in record:
            raise UserError("%s:%d is not a record of a run" % (path, number))
        if record["type"] == "start" and record.get("schema", 0) > SCHEMA:
            raise UserError("%s has schema %s, but this runner reads only up to %d: update the runner"
                            % (path, record["schema"], SCHEMA))
        records.append(record)
    if not records:
        raise UserError("%s holds no record of a run" % path)
    return records
