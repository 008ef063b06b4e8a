#!/usr/bin/python3
"""Judges messages, and the contract's own files, by docs/asyncapi.yaml and docs/schemas with a validator that is not ours.

    validate-messages.py contract                the schemas, asyncapi.yaml and the page's examples agree
    validate-messages.py messages FILE...        every message in these files is what its topic promises
    validate-messages.py verdicts                per message of standard input one line: "ok", or what is wrong

A message is one line of JSON, as `mosquitto_sub -V 5 --retain-as-published -F %j` prints it: {"topic": ..., "payload": ...}, and "qos" and "retain"
if they are known; other lines are passed over. The payload is text, or the JSON itself. Needs Debian's python3-jsonschema
and python3-yaml. Exit code: 0 if all is well, 1 if not, 2 for wrong use.
"""

import argparse
import datetime
import json
import pathlib
import re
import sys

import jsonschema
import yaml

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
CHECKER = jsonschema.FormatChecker(formats=())
STATE_AFTER = {  # what an event of this type leaves its call in
    "raised": "raised", "delivered": "delivered", "accepted": "accepted", "arrived": "arrived",
    "resolved": "resolved", "cancelled": "cancelled", "reopened": "raised", "tested": "resolved",
}


@CHECKER.checks("date-time", raises=ValueError)
def is_time(value):
    return not isinstance(value, str) or bool(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))


class Contract:
    """docs/asyncapi.yaml with its schemas: which topic promises what."""

    def __init__(self):
        self.files = {}
        self.document = self.load("asyncapi.yaml")
        self.channels = []
        retained = {}
        for operation in self.document["operations"].values():
            mqtt = self.at("asyncapi.yaml", operation["bindings"])["mqtt"]
            retained[operation["channel"]["$ref"].split("/")[-1]] = mqtt["retain"]
        for name, channel in self.document["channels"].items():
            topic = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(channel["address"]))
            messages = {key: self.at("asyncapi.yaml", value) for key, value in channel["messages"].items()}
            payloads = [value["payload"] for key, value in messages.items() if key != "emptied"]
            validator = self.validator("asyncapi.yaml", payloads[0])
            self.channels.append((name, re.compile(topic), validator, "emptied" in messages, retained[name]))

    def load(self, path):
        """A file below docs/, once."""
        if path not in self.files:
            text = (DOCS / path).read_text(encoding="utf-8")
            yaml_loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            self.files[path] = json.loads(text) if path.endswith(".json") else yaml.load(text, yaml_loader)
        return self.files[path]

    def at(self, path, value):
        """What a reference in the file `path` leads to, in the end; the value itself if it is none."""
        while isinstance(value, dict) and "$ref" in value:
            path, value = self.follow(path, value["$ref"])
        return value

    def follow(self, path, reference):
        target, _, pointer = reference.partition("#")
        path = str((pathlib.PurePosixPath(path).parent / target)) if target else path
        value = self.load(path)
        for key in pointer.split("/")[1:]:
            value = value[key]
        return path, value

    def whole(self, path, value, known=False):
        """The schema with all references replaced by what they lead to; `known`: open lists closed, see asyncapi.yaml."""
        while isinstance(value, dict) and "$ref" in value:
            path, value = self.follow(path, value["$ref"])
        if isinstance(value, list):
            return [self.whole(path, item, known) for item in value]
        if not isinstance(value, dict):
            return value
        keys = {"x-known": "enum"} if known else {}
        return {keys.get(key, key): self.whole(path, item, known) for key, item in value.items()}

    def validator(self, path, schema):
        return jsonschema.Draft202012Validator(self.whole(path, schema, known=True), format_checker=CHECKER)

    def problem(self, message):
        """What is wrong with one message; None if nothing is."""
        topic = message["topic"]
        for name, pattern, validator, can_be_empty, retained in self.channels:
            found = pattern.fullmatch(topic)
            if found:
                break
        else:
            return "no topic of the contract"
        if message.get("qos", 1) != 1:
            return f"QoS {message['qos']}"
        if "retain" in message and bool(message["retain"]) != retained:
            return "retained" if message["retain"] else "not retained"
        payload = message["payload"]
        if payload == "":
            return None if can_be_empty else "empty"
        if isinstance(payload, str):
            try:
                payload = json.loads(payload)
            except ValueError as error:
                return f"no JSON: {error}"
        error = jsonschema.exceptions.best_match(validator.iter_errors(payload))
        if error:
            return f"{'.'.join(map(str, error.absolute_path)) or 'the message'}: {error.message}"
        return contradiction(name, found.groupdict(), payload)


def contradiction(channel, topic, payload):
    """Whether a message says something else than its topic, or than itself."""
    expected = {}
    if channel in ("event", "replay"):
        data = payload["data"]
        expected = {
            "id": f"{data['journal']}-{data['service']}-{payload['sequence']}", "subject": data["point"],
            "type": f"courtyard.call.{topic['type']}", "source": f"/courtyard/{topic['site']}/{topic['gateway']}",
        }
        state = STATE_AFTER.get(topic["type"], data["state"])
        facts = {"service": topic["service"], "state": state}
    elif channel == "call":
        data, facts = payload, {"service": topic["service"], "call": topic["call"]}
    else:
        data, facts = payload, {key: topic[key] for key in ("point", "fault", "id") if key in topic}
    if channel in ("event", "replay", "call"):
        facts = {**facts, "test": data["service"] == "test", "late": data["ageMs"] > 5000}
    for holder, wanted in ((payload, expected), (data, facts)):
        for key, value in wanted.items():
            if holder[key] != value:
                return f"{key} is {holder[key]!r}, and should be {value!r}"
    return None


def told_twice(message, told):
    """The same event, or the same revision of a call, told in two ways; `told`: how it was told first."""
    try:
        payload = json.loads(message["payload"])
        key = payload.get("id") or (payload["call"], payload["revision"])
        data = payload.get("data", payload)
        fixed = {k: v for k, v in data.items() if k not in ("ageMs", "late", "orphaned")}
        outside = {k: v for k, v in payload.items() if k != "data"} if "data" in payload else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    before = told.setdefault(key, (outside, fixed))
    if before == (outside, fixed):
        return None
    changed = sorted(k for k in {**before[1], **fixed} if before[1].get(k) != fixed.get(k)) or sorted(outside)
    return f"told differently before, in {', '.join(changed)}"


def read(lines):
    """The messages among lines; a last line that was cut is none."""
    for line in lines:
        if line.startswith("{") and line.endswith("}\n"):
            message = json.loads(line)
            if "topic" in message:
                yield {**message, "payload": message.get("payload") or ""}  # %j prints null for nothing


def messages(arguments):
    contract = Contract()
    seen, told, problems = set(), {}, []
    passed_over = {(m["topic"], m["payload"]) for path in arguments.besides for m in read(open(path, encoding="utf-8"))}
    count = 0
    for path in arguments.files + arguments.flagless:
        for message in read(open(path, encoding="utf-8", errors="replace")):
            if not isinstance(message["payload"], str):
                message["payload"] = json.dumps(message["payload"], ensure_ascii=False)
            key = (message["topic"], message["payload"])
            if path in arguments.flagless:
                message.pop("retain", None)
            whole = (*key, message.get("qos"), message.get("retain"))
            if key in passed_over or whole in seen or not message["topic"].startswith("courtyard/v1/"):
                continue
            seen.add(whole)
            count += 1
            what = contract.problem(message)
            if not what and re.match("courtyard/v1/[^/]+/[^/]+/(event|replay|call)/", message["topic"]):
                what = told_twice(message, told)
            if what:
                problems.append(f"{message['topic']}: {what}\n    {message['payload'][:2000]}")
    print("\n".join(problems[:10]) if problems else f"{count} messages keep the contract")
    return 1 if problems else 0


def verdicts(_):
    contract = Contract()
    for message in read(sys.stdin):
        print(contract.problem(message) or "ok")
    return 0


# The contract's own files.


def references(value, place=""):
    """Every reference in a document, with the object that it stands in."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield place, value
        for key, item in value.items():
            yield from references(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from references(item, f"{place}/{index}")


def schema_problems(contract):
    paths = sorted(f"schemas/{path.name}" for path in (DOCS / "schemas").glob("*.json"))
    for path in [*paths, "asyncapi.yaml"]:
        for place, holder in references(contract.load(path)):
            if set(holder) != {"$ref"}:
                yield f"{path}{place}: keywords beside $ref, which readers of older drafts pass over"
            try:
                contract.at(path, holder)
            except (KeyError, FileNotFoundError) as error:
                yield f"{path}{place}: {holder['$ref']} leads nowhere ({error})"
    for path in paths:
        schema = contract.load(path)
        if schema.get("$schema") != jsonschema.Draft202012Validator.META_SCHEMA["$id"]:
            yield f"{path}: not of JSON Schema 2020-12"
        for subject in (schema, contract.whole(path, schema)):
            for error in jsonschema.Draft202012Validator(
                jsonschema.Draft202012Validator.META_SCHEMA
            ).iter_errors(subject):
                yield f"{path}: {error.message}"
    used = {holder["$ref"].split("#")[0].removeprefix("./") for _, holder in references(contract.document)}
    for path in paths:
        if path not in used and path != "schemas/common.json":
            yield f"{path}: no message of asyncapi.yaml uses it"


def document_problems(contract):
    document = contract.document
    if document["asyncapi"] != "3.0.0":
        yield "asyncapi.yaml: not AsyncAPI 3.0.0"
    for name, channel in document["channels"].items():
        parameters = set(re.findall(r"{(\w+)}", channel["address"]))
        if set(channel.get("parameters", {})) != parameters:
            yield f"asyncapi.yaml: {name}: parameters are not those of its address"
        users = [o for o in document["operations"].values() if o["channel"]["$ref"].split("/")[-1] == name]
        if len(users) != 1:
            yield f"asyncapi.yaml: {name}: {len(users)} operations, not 1"
    for name, operation in document["operations"].items():
        mqtt = contract.at("asyncapi.yaml", operation["bindings"])["mqtt"]
        if operation["action"] not in ("send", "receive") or mqtt["qos"] != 1:
            yield f"asyncapi.yaml: {name}: neither sent nor received, or not at QoS 1"


def page_problems(contract):
    """docs/mqtt-contract.md: its examples, its tables and its words for open lists."""
    page = (DOCS / "mqtt-contract.md").read_text(encoding="utf-8")
    for kind, text in re.findall(r"^```json ?([\w-]*)\n(.*?)^```", page, re.M | re.S):
        if not (DOCS / f"schemas/{kind}.json").exists():
            yield f"an example says no schema: ```json {kind}\n{text}"
            continue
        validator = contract.validator(f"schemas/{kind}.json", contract.load(f"schemas/{kind}.json"))
        for error in validator.iter_errors(json.loads(text)):
            yield f"the example of {kind}: {error.message}\n{text}"
    commands = re.findall(r"-t (\S+) -m '([^']*)'", page)
    for topic, payload in commands:
        topic = topic.replace("$B", "courtyard/v1/willow-court/gw-1").replace("$D", "courtyard/v1/willow-court/desk")
        what = contract.problem({"topic": topic, "payload": payload})
        if what:
            yield f"the example on {topic}: {what}\n{payload}"
    if not commands or not re.search("^```json", page, re.M):
        yield "no examples are found"
    rows = re.findall(r"^\| `(?:base|(courtyard/v1/<site>))(/[^`]+)` \| (\w+)", page, re.M)
    written = {
        (re.sub("<[^>]*>", "*", (site or "courtyard/v1/<site>/<gateway>") + rest), retained != "never")
        for site, rest, retained in rows
    }
    # The page has one row for all commands, which stand in a table of their own.
    promised = {
        (re.sub(r"command/\w+$", "command/*", re.sub("{[^}]*}", "*", contract.document["channels"][name]["address"])), r)
        for name, _, _, _, r in contract.channels
    }
    for topic, retained in written ^ promised:
        where = "asyncapi.yaml" if (topic, retained) in written else "docs/mqtt-contract.md"
        yield f"{topic}, {'retained' if retained else 'never retained'}: not in {where}"
    names = {c["address"].split("/")[-1] for n, c in contract.document["channels"].items() if n.startswith("command")}
    for path in sorted(contract.files):
        for known in find_all(contract.load(path), "x-known"):
            names |= {value.split(".")[-1] for value in known}
    for name in sorted(names):
        if f"`{name}`" not in page:
            yield f"docs/mqtt-contract.md doesn't speak of `{name}`"


def find_all(value, key):
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else [])
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from find_all(item, key)


def contract_files(_):
    contract = Contract()
    problems = [*schema_problems(contract), *document_problems(contract), *page_problems(contract)]
    print("\n".join(problems) if problems else "the contract's files agree")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    kinds.add_parser("contract").set_defaults(run=contract_files)
    kinds.add_parser("verdicts").set_defaults(run=verdicts)
    command = kinds.add_parser("messages")
    command.set_defaults(run=messages)
    command.add_argument("files", nargs="*", help="of messages")
    command.add_argument("--flagless", nargs="*", default=[], help="the same, with a retain flag that says nothing")
    command.add_argument("--besides", nargs="*", default=[], help="of messages that are not to be judged")
    arguments = parser.parse_args()
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
