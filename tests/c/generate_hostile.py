"""Generates hostile calls: every function of provkey.h, with every argument wrong in every way that
its type allows. The generated code uses hostile.h, and does not compile if the header has a type
that hostile.h lacks.

usage: generate_hostile.py provkey.h > hostile_cases.c
"""

import re
import sys
from dataclasses import dataclass

# Functions whose struct argument is an array.
MANY = ("provkey_authority_enroll_many",)
# Optional arguments and fields.
OPTIONAL = {
    "audit_filter", "client_certificate", "connector_filter", "filter", "fingerprint", "limits", "page", "random",
    "provkey_identity_accept.accepted", "provkey_identity_check_server.checked_ms", "provkey_authority_update_key.key", "errors",
    "provkey_identity_renew_request.signer", "provkey_authority_revoke_connector.reason",
    "provkey_operation_decide.record", "provkey_record_sink_push.record",
    "provkey_outcome_sink_refused.record", "report", "user_data",
}
# Required fields of structs that the caller fills in.
REQUIRED_FIELDS = {
    "new_authority.host", "new_certificate.name", "certificate_import.name", "new_key.name",
    "new_key.group", "new_key.certificate", "key_update.name", "key_update.certificate",
    "environment.store",
}
# Types whose numbers are constants.
ENUMS = {"provkey_admin_role", "provkey_key_algorithm", "provkey_key_state", "provkey_key_order", "provkey_key_fields",
         "provkey_operation_type", "provkey_record_type", "provkey_reason"}
# Lengths above every limit.
HUGE = ["SIZE_MAX", "(size_t)1 << 40", "16 * 1024 * 1024 + 1"]


@dataclass
class Argument:
    type: str
    name: str


@dataclass
class Function:
    result: str
    name: str
    arguments: list


def without_comments(header):
    header = re.sub(r"//[^\n]*", "", header)
    return re.sub(r"^\s*#.*$", "", header, flags=re.M)


def read_argument(text):
    text = " ".join(text.split()).replace("struct ", "")
    if "(*" in text:
        return Argument("function", re.search(r"\(\*(\w+)\)", text)[1])
    match = re.fullmatch(r"(.*?)(\w+)(\[\d+\])?", text)
    return Argument(match[1].strip() + (match[3] or ""), match[2])


def split_arguments(text):
    depth, parts, part = 0, [], ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += character
    return [part for part in parts + [part] if part.strip() not in ("", "void")]


def read_functions(header):
    pattern = r"^([\w ]+?[ *]+)(provkey_\w+)\(((?:[^()]|\([^()]*\))*)\);"
    for result, name, arguments in re.findall(pattern, header, flags=re.M):
        yield Function(result.strip(), name, [read_argument(one) for one in split_arguments(arguments)])


def read_structs(header):
    pattern = r"^typedef struct (provkey_\w+) \{(.*?)^\} \1;"
    for name, fields in re.findall(pattern, header, flags=re.M | re.S):
        yield name, [read_argument(one) for one in fields.split(";") if one.strip()]


class Generator:
    def __init__(self, header):
        header = without_comments(header)
        self.functions = list(read_functions(header))
        self.structs = dict(read_structs(header))
        opaque = re.findall(r"^typedef struct (provkey_\w+) \1;", header, flags=re.M)
        records = [name for name, fields in self.structs.items() if fields[0].type == "provkey_header"]
        self.handles = set(opaque) | set(records)
        self.frees = {f.name.removesuffix("_free") for f in self.functions if f.name.endswith("_free")}
        self.lines = []

    def emit(self, line=""):
        self.lines.append(line)

    # --- Kinds of arguments

    def pointee(self, argument):
        match = re.fullmatch(r"(?:const )?(provkey_\w+) \*", argument.type)
        return match[1] if match else None

    def is_struct_in(self, argument):
        pointee = self.pointee(argument)
        fields = self.structs.get(pointee, [])
        return bool(fields) and fields[0].name == "struct_size"

    def is_handle(self, argument):
        return self.pointee(argument) in self.handles

    def is_error(self, argument):
        return argument.type == "provkey_error **" and argument.name == "error"

    def is_output(self, argument):
        if self.is_error(argument) or "const" in argument.type or self.is_handle(argument):
            return False
        return argument.type.endswith("*") and argument.type not in ("void *",)

    def is_length(self, function, at):
        before = function.arguments[at - 1].name if at > 0 else ""
        return function.arguments[at].name in (f"{before}_len", "len")

    def has_length(self, function, at):
        return at + 1 < len(function.arguments) and self.is_length(function, at + 1)

    def is_optional(self, function, argument):
        return argument.name in OPTIONAL or f"{function.name}.{argument.name}" in OPTIONAL

    # --- Calls

    def good(self, function, at):
        """A valid argument."""
        argument = function.arguments[at]
        pointee = self.pointee(argument)
        if self.is_error(argument):
            return "&hostile_error"
        if self.is_output(argument):
            outputs = [i for i, one in enumerate(function.arguments) if self.is_output(one)]
            return f"OUTPUT({outputs.index(at)})"
        if pointee in ("provkey_record_sink", "provkey_outcome_sink", "provkey_bytes_sink"):
            return "sink"
        if self.is_handle(argument):
            return f"good_{pointee.removeprefix('provkey_')}"
        if pointee:
            return f"&good_{pointee.removeprefix('provkey_')}"
        if argument.type == "const char *":
            return f'good_text("{function.name}", "{argument.name}")'
        if argument.type == "const uint8_t *":
            return f'good_buffer("{function.name}", "{argument.name}").data'
        if self.is_length(function, at):
            before = function.arguments[at - 1]
            if before.type == "const uint8_t *":
                return f'good_buffer("{function.name}", "{before.name}").len'
            return "1"
        if argument.type in ("function", "void *"):
            return "NULL"
        return f'good_number("{function.name}", "{argument.name}")'

    def call(self, function, wrong):
        """The call, with the arguments of `wrong`, by index, instead of the valid ones."""
        arguments = [wrong.get(at, self.good(function, at)) for at in range(len(function.arguments))]
        return f"{function.name}({', '.join(arguments)})"

    def attempt(self, function, what, wrong, expected, indent="    "):
        self.emit(f'{indent}hostile_attempt("{function.name}: {what}");')
        if function.result != "provkey_status":
            self.emit(f"{indent}(void){self.call(function, wrong)};")
            return
        has_error = any(self.is_error(one) for one in function.arguments)
        self.emit(f"{indent}if (hostile_answer({self.call(function, wrong)}, {expected}, "
                  f"{'true' if has_error else 'false'})) {{")
        for index, argument in enumerate(a for a in function.arguments if self.is_output(a)):
            match = re.fullmatch(r"(provkey_\w+) \*\*", argument.type)
            if match:
                self.emit(f"{indent}    {match[1]}_free(*({match[1]} **)OUTPUT({index}));")
        self.emit(f"{indent}}}")

    # --- Wrong arguments

    def wrong_handle(self, function, at):
        argument = function.arguments[at]
        pointee = self.pointee(argument)
        null = "ANY" if self.is_optional(function, argument) else "PROVKEY_STATUS_NULL_ARGUMENT"
        self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, null)
        self.emit("    for (size_t i = 0; i < hostile_objects_len; i++) {")
        self.emit("        const hostile_object *object = &hostile_objects[i];")
        self.emit(f'        if (strcmp(object->type, "{pointee}") != 0) {{')
        self.attempt(function, f"{argument.name} is something else", {at: "object->pointer"},
                     "PROVKEY_STATUS_HANDLE_WRONG_KIND", " " * 12)
        self.emit("        }")
        self.emit("    }")
        misaligned = f"MISALIGNED({self.good(function, at)})"
        self.attempt(function, f"{argument.name} is misaligned", {at: misaligned},
                     "PROVKEY_STATUS_HANDLE_WRONG_KIND")

    def wrong_output(self, function, at):
        argument = function.arguments[at]
        null = "ANY" if self.is_optional(function, argument) else "PROVKEY_STATUS_NULL_ARGUMENT"
        self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, null)
        if argument.type not in ("char *", "bool *", "provkey_fingerprint *"):
            misaligned = f"MISALIGNED({self.good(function, at)})"
            self.attempt(function, f"{argument.name} is misaligned", {at: misaligned},
                         "PROVKEY_STATUS_NULL_ARGUMENT")

    def wrong_text(self, function, at):
        argument = function.arguments[at]
        null = "ANY" if self.is_optional(function, argument) else "PROVKEY_STATUS_NULL_ARGUMENT"
        self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, null)
        for text, expected in TEXTS:
            self.attempt(function, f"{argument.name} is {text}", {at: text}, expected)

    def wrong_buffer(self, function, at):
        name, length = function.arguments[at].name, at + 1
        self.attempt(function, f"{name} is NULL and has a length", {at: "NULL", length: "1"},
                     "PROVKEY_STATUS_NULL_ARGUMENT")
        self.attempt(function, f"{name} is empty", {at: "NULL", length: "0"}, "ANY")
        for size in HUGE:
            self.attempt(function, f"{name} is huge", {length: size}, "PROVKEY_STATUS_ARGUMENT_TOO_LARGE")

    def wrong_number(self, function, at):
        argument = function.arguments[at]
        expected = "PROVKEY_STATUS_VALUE_UNKNOWN" if argument.type in ENUMS else "ANY"
        for number in NUMBERS.get(argument.type, ["SIZE_MAX"]):
            self.attempt(function, f"{argument.name} is {number}", {at: number}, expected)

    def wrong_struct(self, function, at):
        argument = function.arguments[at]
        pointee = self.pointee(argument)
        null = "ANY" if self.is_optional(function, argument) else "PROVKEY_STATUS_NULL_ARGUMENT"
        self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, null)
        self.attempt(function, f"{argument.name} is misaligned",
                     {at: f"MISALIGNED({self.good(function, at)})"}, "PROVKEY_STATUS_NULL_ARGUMENT")
        self.emit("    {")
        self.emit(f"        struct {{ {pointee} known; uint8_t more[16]; }} given;")
        short = pointee.removeprefix("provkey_")

        def field(what, change, expected):
            self.emit("        memset(&given, 0, sizeof(given));")
            self.emit(f"        given.known = good_{short};")
            self.emit(f"        {change}")
            self.attempt(function, f"{argument.name}: {what}", {at: "&given.known"}, expected, " " * 8)

        for size in ("0", "1", f"sizeof({pointee}) - 1", "4097", "SIZE_MAX"):
            field(f"struct_size is {size}", f"given.known.struct_size = {size};",
                  "PROVKEY_STATUS_STRUCT_SIZE_INVALID")
        field("unknown fields are not 0", "given.known.struct_size = sizeof(given); given.more[15] = 1;",
              "PROVKEY_STATUS_STRUCT_SIZE_INVALID")
        for one in self.structs[pointee][1:]:
            for what, change, expected in self.wrong_field(short, one):
                # Each request of many has its own error.
                field(what, change, "ANY" if function.name in MANY else expected)
        self.emit("    }")

    def wrong_field(self, struct, field):
        name, given = field.name, f"given.known.{field.name}"
        required = f"{struct}.{name}" in REQUIRED_FIELDS
        null = "PROVKEY_STATUS_NULL_ARGUMENT" if required else "ANY"
        pointee = self.pointee(field)
        if name.endswith("_len") or name in ("destroy", "user_data") or pointee == "provkey_fingerprint":
            return
        if field.type == "function":
            yield f"{name} is NULL", f"{given} = NULL;", "PROVKEY_STATUS_CALLBACK_MISSING"
        elif field.type == "const char *":
            yield f"{name} is NULL", f"{given} = NULL;", null
            for text, expected in TEXTS:
                yield f"{name} is {text}", f"{given} = {text};", expected
        elif field.type == "const char *const *":
            yield f"{name} is NULL", f"{given} = NULL; {given}_len = 1;", "PROVKEY_STATUS_NULL_ARGUMENT"
            yield f"{name} has a NULL", f"{given} = NULL_TEXTS; {given}_len = 2;", "PROVKEY_STATUS_NULL_ARGUMENT"
            yield f"{name} is misaligned", f"{given} = MISALIGNED({given}); {given}_len = 1;", "FAILURE"
            for size in HUGE:
                yield f"{name} is huge", f"{given}_len = {size};", "FAILURE"
        elif field.type == "const uint8_t *":
            yield (f"{name} is NULL and has a length", f"{given} = NULL; {given}_len = 1;",
                   "PROVKEY_STATUS_NULL_ARGUMENT")
            yield f"{name} is empty", f"{given} = NULL; {given}_len = 0;", "ANY"
            for size in HUGE:
                yield (f"{name} is huge", f"{given} = SOME_BYTES; {given}_len = {size};",
                       "PROVKEY_STATUS_ARGUMENT_TOO_LARGE")
        elif pointee in self.handles:
            yield f"{name} is NULL", f"{given} = NULL;", null
            yield f"{name} is misaligned", f"{given} = MISALIGNED(good_error);", "PROVKEY_STATUS_HANDLE_WRONG_KIND"
            yield f"{name} is something else", f"{given} = (void *)good_error;", "PROVKEY_STATUS_HANDLE_WRONG_KIND"
        elif pointee in self.structs:
            yield (f"{name} is NULL and has a length", f"{given} = NULL; {given}_len = 1;",
                   "PROVKEY_STATUS_NULL_ARGUMENT")
            yield f"{name} is misaligned", f"{given} = MISALIGNED({given});", "PROVKEY_STATUS_NULL_ARGUMENT"
            for size in HUGE:
                yield f"{name} is huge", f"{given}_len = {size};", "PROVKEY_STATUS_ARGUMENT_TOO_LARGE"
        elif field.type == "provkey_slice":
            yield f"{name} is NULL and has a length", f"{given} = (provkey_slice){{NULL, 1}};", "FAILURE"
            for size in HUGE:
                yield f"{name} is huge", f"{given}.len = {size};", "FAILURE"
        elif field.type in ENUMS:
            for number in NUMBERS[field.type]:
                yield f"{name} is {number}", f"{given} = {number};", "PROVKEY_STATUS_VALUE_UNKNOWN"
        elif field.type in self.structs:
            yield f"{name} is anything", f"memset(&{given}, 0xff, sizeof({given}));", "ANY"
        else:
            for number in NUMBERS[field.type]:
                yield f"{name} is {number}", f"{given} = {number};", "ANY"

    # --- The whole file

    def wrong(self, function, at):
        argument = function.arguments[at]
        if self.is_error(argument):
            first = function.arguments[0]
            if self.is_handle(first) and not self.is_optional(function, first):
                self.attempt(function, "error is NULL, and so is the first",
                             {0: "NULL", at: "NULL"}, "NO_ERROR")
                self.attempt(function, "error is misaligned, and the first NULL",
                             {0: "NULL", at: "MISALIGNED(&hostile_error)"}, "NO_ERROR")
        elif self.is_output(argument):
            self.wrong_output(function, at)
        elif self.is_length(function, at):
            pass  # with its buffer
        elif argument.type == "const uint8_t *":
            self.wrong_buffer(function, at)
        elif argument.type == "const char *":
            self.wrong_text(function, at)
        elif self.is_handle(argument):
            self.wrong_handle(function, at)
        elif self.is_struct_in(argument):
            self.wrong_struct(function, at)
            if self.has_length(function, at):
                for size in HUGE:
                    self.attempt(function, f"{argument.name} is huge", {at + 1: size},
                                 "PROVKEY_STATUS_ARGUMENT_TOO_LARGE")
        elif self.pointee(argument):
            null = "ANY" if self.is_optional(function, argument) else "PROVKEY_STATUS_NULL_ARGUMENT"
            self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, null)
            if self.has_length(function, at):
                for size in HUGE:
                    self.attempt(function, f"{argument.name} is huge", {at + 1: size},
                                 "PROVKEY_STATUS_ARGUMENT_TOO_LARGE")
        elif argument.type in ("function", "void *"):
            self.attempt(function, f"{argument.name} is NULL", {at: "NULL"}, "ANY")
        else:
            self.wrong_number(function, at)

    def generate(self):
        self.emit("// Generated by tests/c/generate_hostile.py.")
        self.emit('#include "hostile.h"')
        places = {"provkey_record_sink": [], "provkey_outcome_sink": [], "provkey_bytes_sink": [], "void": []}
        for function in self.functions:
            first = self.pointee(function.arguments[0]) if function.arguments else None
            place = first if first in places else "void"
            places[place].append(function)
            parameter = f"{place} *sink" if place != "void" else "void"
            self.emit(f"\nstatic void hostile_{function.name}({parameter})\n{{")
            for at in range(len(function.arguments)):
                self.wrong(function, at)
            self.emit("}")
        for place, functions in places.items():
            parameter, given = (f"{place} *sink", "sink") if place != "void" else ("void", "")
            name = place.removeprefix("provkey_") if place != "void" else "calls"
            self.emit(f"\nvoid hostile_{name}({parameter})\n{{")
            for function in functions:
                self.emit(f"    hostile_{function.name}({given});")
            self.emit("}")
        # Valid arguments are not refused; otherwise the calls above would prove nothing.
        self.emit("\nvoid hostile_good_calls(void)\n{")
        last = re.compile("delete|retire|compromise|revoke|remove|rotate|test_panic|_free$")
        functions = [one for one in places["void"] if not one.name.endswith("_free")]
        for function in sorted(functions, key=lambda one: bool(last.search(one.name))):
            if function.result == "provkey_status":
                self.attempt(function, "all is right", {}, "GOOD")
        self.emit("}")
        return "\n".join(self.lines) + "\n"


TEXTS = [
    ('""', "ANY"),
    ('NOT_UTF8', "PROVKEY_STATUS_TEXT_NOT_UTF8"),
    ('TOO_LONG', "PROVKEY_STATUS_TEXT_TOO_LONG"),
]
NUMBERS = {
    "size_t": ["SIZE_MAX"],
    "uint8_t": ["2", "255"],
    "uint32_t": ["UINT32_MAX", "32"],
    "uint64_t": ["UINT64_MAX", "1"],
    "int64_t": ["INT64_MIN", "INT64_MAX"],
    "provkey_status": ["INT32_MIN", "INT32_MAX", "-1"],
    **{enum: ["UINT32_MAX", "0x80000000"] for enum in ENUMS},
}

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(Generator(file.read()).generate())
