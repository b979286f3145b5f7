# SPDX-License-Identifier: BSD-2-Clause
"""KCIDB's format 5.3 as a JSON schema, written anew from what the format is: the names of its
fields, their types and patterns, what is required.

The published schema is part of kcidb-io (https://github.com/kernelci/kcidb-io, commit 8971c026,
GPL-2.0-or-later) and is not copied here: its descriptions are most of it. test_kcidb.py compares
both where KCIDB_IO names a checkout of kcidb-io.
"""
from typing import Any, Dict

Schema = Dict[str, Any]
TEXT = {"type": "string", "pattern": r"^[^\0]*$"}
URL = {"type": "string", "format": "uri"}
TIME = {"type": "string", "format": "date-time"}
ORIGIN = {"type": "string", "pattern": "^[a-z0-9_]+$"}
ID = {"type": "string", "pattern": r"^[a-z0-9_]+:[^\0]*$"}
FREE = {"type": "object"}
YES_OR_NO = {"type": "boolean"}
NUMBER = {"type": "number"}
NATURAL = {"type": "integer", "minimum": 0}
EXCERPT = {"type": "string", "maxLength": 16384, "pattern": r"^[^\0]*$"}


def use(name: str) -> Schema:
    """A reference to another definition."""
    return {"$ref": "#/$defs/" + name}


def items(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def words(*values: str) -> Schema:
    """One of these."""
    return {"type": "string", "enum": list(values)}


def fields(required: str = "", **properties: Schema) -> Schema:
    """An object with these fields and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required.split()} if required else found


def pattern(text: str) -> Schema:
    """A string of this form."""
    return {"type": "string", "pattern": text}


CHECKOUT = fields(
    "id origin", _timestamp=TIME, id=ID, origin=ORIGIN, tree_name=TEXT,
    git_repository_url={**URL, "pattern": r"^https://[^\0]*$"},
    git_commit_hash=pattern("^[0-9a-f]{40}$"), git_commit_name=TEXT, git_commit_tags=items(TEXT),
    git_commit_message=TEXT, git_repository_branch=TEXT, git_repository_branch_tip=YES_OR_NO,
    patchset_files=use("resource_list"), patchset_hash=pattern("^$|^[0-9a-f]{64}$"),
    message_id={"type": "string", "format": "email"}, comment=TEXT, start_time=TIME,
    origin_builds_finish_time=TIME, origin_tests_finish_time=TIME, log_url=URL, log_excerpt=EXCERPT,
    valid=YES_OR_NO, misc=FREE)
BUILD = fields(
    "checkout_id id origin", _timestamp=TIME, checkout_id=ID, id=ID, origin=ORIGIN, comment=TEXT,
    start_time=TIME, duration=NUMBER, architecture=pattern("^[a-z0-9_]*$"), command=TEXT,
    compiler=TEXT, input_files=use("resource_list"), output_files=use("resource_list"),
    config_name=TEXT, config_url=URL, log_url=URL, log_excerpt=EXCERPT, status=use("status"), misc=FREE)
TEST = fields(
    "build_id id origin", _timestamp=TIME, build_id=ID, id=ID, origin=ORIGIN,
    environment=fields(compatible=items(pattern(r"^[^ \0]+(,[^ \0]+)*$")), comment=TEXT, misc=FREE),
    path=use("path"), comment=TEXT, log_url=URL, log_excerpt=EXCERPT, status=use("status"),
    number=fields("value", value=NUMBER, unit=TEXT, prefix=words("metric", "binary")), start_time=TIME,
    duration=NUMBER, input_files=use("resource_list"), output_files=use("resource_list"), misc=FREE)
ISSUE = fields(
    "id version origin", _timestamp=TIME, id=ID, version=NATURAL, origin=ORIGIN,
    categories=items(use("path")), report_url=URL, report_subject=TEXT,
    culprit=fields(code=YES_OR_NO, tool=YES_OR_NO, harness=YES_OR_NO), comment=TEXT, misc=FREE)
INCIDENT = fields(
    "id origin issue_id issue_version", _timestamp=TIME, id=ID, origin=ORIGIN, issue_id=ID,
    issue_version=NATURAL, build_id=ID, test_id=ID, present=YES_OR_NO, comment=TEXT, misc=FREE)
SCHEMA: Schema = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "$defs": {
        "resource": fields("name url", name=pattern(r"^[^/\0]+$"), url=URL),
        "resource_list": items(use("resource")),
        "status": words("FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"),
        "path": pattern(r"^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$"),
        "checkout": CHECKOUT, "build": BUILD, "test": TEST, "issue": ISSUE, "incident": INCIDENT},
    **fields("version",
             version=fields("major", major={"type": "integer", "const": 5},
                            minor={"type": "integer", "minimum": 0, "maximum": 3}),
             checkouts=items(use("checkout")), builds=items(use("build")), tests=items(use("test")),
             issues=items(use("issue")), incidents=items(use("incident")))}
