"""Messages of OSS Vizier at random: good ones, good ones with a field spoilt, and bytes that are none."""

TEXTS = [
    "", "o", "owners/o", "owners/o/studies/s", "owners/o/studies/new", "owners/o/studies/s/trials/1",
    "owners/o/studies/s/trials/2", "owners/o/studies/s/trials/3", "owners/o/studies/s/trials/0",
    "owners/o/studies/s/trials/99999999999999999999", "owners/o/studies/s/trials/-1", "owners/../studies/s",
    "owners/o/studies/../trials/1", "operations/owners/o/studies/s/suggestion/1.2", "operations/x",
    "operations/owners/o/studies/s/suggestion/" + "1." * 3000, "owners/ü/studies/é", "owners/o/studies/a b",
    "loss", "x", "n", "kind", "a", "b", "1", "2", "0", "new", "wazir.foreign", ":ns", "x" * 5000, "\x00", "\x01",
    "\x01\x01", "\x01!", "RANDOM_SEARCH", "DEFAULT", "NO_SUCH", "owners/o/studies/s\n", "\u0661",
]  # fmt: skip
NUMBERS = [0, 1, 2, 3, 5, -1, 100, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)]
REALS = [0.0, 0.5, 1.0, -1.0, 2.0, 1e308, -1e308, 5e-324, float("inf"), float("nan")]


def number_for(rng, field, bits):
    least = 0 if field.type in (field.TYPE_UINT32, field.TYPE_UINT64) else -(2 ** (bits - 1))
    return min(max(rng.choice(NUMBERS), least), 2 ** (bits - 1) - 1)


def value_for(rng, field):
    kind = field.cpp_type
    if kind == field.CPPTYPE_STRING:
        text = rng.choice(TEXTS)
        return text.encode() if field.type == field.TYPE_BYTES else text
    if kind == field.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return rng.choice(REALS)
    if kind == field.CPPTYPE_ENUM:
        return rng.choice([0, 1, 2, 3, 4, 5, 77])
    if kind in (field.CPPTYPE_INT32, field.CPPTYPE_UINT32):
        return number_for(rng, field, 32)
    return number_for(rng, field, 64)


def is_list(message, name):
    value = getattr(message, name)
    return hasattr(value, "append") and not hasattr(value, "DESCRIPTOR")


def fill(rng, message, depth=0):
    """Give random values to the fields of a message, at any depth."""
    fields = message.DESCRIPTOR.fields
    for field in rng.sample(list(fields), rng.randrange(len(fields) + 1)):
        set_field(rng, message, field, depth)


def set_field(rng, message, field, depth):
    nested = field.message_type is not None
    if depth > 6 or (nested and field.message_type.name in ("Struct", "FieldsEntry")):
        return
    if is_list(message, field.name):
        target = getattr(message, field.name)
        for _ in range(rng.choice([0, 1, 1, 2, 4])):
            if nested:
                fill(rng, target.add(), depth + 1)
            else:
                target.append(value_for(rng, field))
    elif nested:
        getattr(message, field.name).SetInParent()
        fill(rng, getattr(message, field.name), depth + 1)
    else:
        setattr(message, field.name, value_for(rng, field))


STUDY, TRIAL = "owners/o/studies/s", "owners/o/studies/s/trials/2"
MEASUREMENT = {"metrics": [{"metric_id": "loss", "value": 0.5}], "step_count": 3}
SPEC = {
    "metrics": [{"metric_id": "loss", "goal": 2}],
    "algorithm": "RANDOM_SEARCH",
    "observation_noise": 1,
    "parameters": [
        {"parameter_id": "x", "double_value_spec": {"min_value": 0.5, "max_value": 1.5}, "scale_type": 2},
        {"parameter_id": "d", "discrete_value_spec": {"values": [1, 2.5]}},
        {
            "parameter_id": "n",
            "integer_value_spec": {"min_value": 1, "max_value": 5, "default_value": {"value": 2}},
            "conditional_parameter_specs": [
                {
                    "parent_int_values": {"values": [2, 3]},
                    "parameter_spec": {
                        "parameter_id": "kind", "categorical_value_spec": {"values": ["a", "b"]},
                    },
                }
            ],
        },
    ],
    "metadata": [{"key": "k", "ns": "n", "value": "v"}],
    "default_stopping_spec": {},
}  # fmt: skip
GIVEN = {
    "parameters": [
        {"parameter_id": "x", "value": {"number_value": 0.5}},
        {"parameter_id": "n", "value": {"number_value": 3}},
        {"parameter_id": "kind", "value": {"string_value": "b"}},
    ],
    "final_measurement": MEASUREMENT,
    "measurements": [MEASUREMENT],
    "state": 4,
    "metadata": [{"key": "k", "ns": "", "value": "v"}],
}
# For each method a request that is taken.
GOOD = {
    "CreateStudy": {"parent": "owners/o", "study": {"display_name": "new", "study_spec": SPEC}},
    "GetStudy": {"name": STUDY},
    "ListStudies": {"parent": "owners/o"},
    "DeleteStudy": {"name": STUDY},
    "SetStudyState": {"parent": STUDY, "state": 2},
    "SuggestTrials": {"parent": STUDY, "suggestion_count": 2, "client_id": "d"},
    "GetOperation": {"name": f"operations/{STUDY}/suggestion/1.2"},
    "CreateTrial": {"parent": STUDY, "trial": GIVEN},
    "GetTrial": {"name": TRIAL},
    "ListTrials": {"parent": STUDY},
    "AddTrialMeasurement": {"trial_name": TRIAL, "measurement": MEASUREMENT},
    "CompleteTrial": {"name": TRIAL, "final_measurement": MEASUREMENT},
    "DeleteTrial": {"name": TRIAL},
    "CheckTrialEarlyStoppingState": {"trial_name": TRIAL},
    "StopTrial": {"name": TRIAL},
    "ListOptimalTrials": {"parent": STUDY},
    "UpdateMetadata": {
        "name": STUDY,
        "delta": [
            {"metadatum": {"key": "k", "ns": ":n", "value": "v"}},
            {"trial_id": "1", "metadatum": {"key": "k", "value": "v"}},
        ],
    },
}


def spoil(rng, message, depth=0):
    """Change one field of a message, or of one within it."""
    fields = [field for field, _ in message.ListFields()] or list(message.DESCRIPTOR.fields)
    if rng.random() < 0.15:
        fields = list(message.DESCRIPTOR.fields)
    if not fields:
        return
    field = rng.choice(fields)
    inside = [getattr(message, field.name)]
    if is_list(message, field.name):
        inside = list(inside[0])
    inside = [one for one in inside if hasattr(one, "DESCRIPTOR")]
    if inside and depth < 12 and rng.random() < 0.85:
        spoil(rng, rng.choice(inside), depth + 1)
        return
    other = type(message)()
    set_field(rng, other, field, depth=5)
    message.ClearField(field.name)
    message.MergeFrom(other)


def odd_bytes(rng, method, make):
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randrange(60))
    if kind < 0.06:
        # Groups within groups, and messages within messages, as deep as they go.
        return rng.choice([b"\x0b" * 50_000, nested(rng.choice([5, 50, 99, 101, 5000]))])
    message = make()
    if kind < 0.2:
        fill(rng, message)
    else:
        message = make(**GOOD[method])
        for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
            spoil(rng, message)
    data = message.SerializeToString()
    kind = rng.random()
    if kind < 0.1 and data:
        return data[: rng.randrange(len(data))]
    if kind < 0.25 and data:
        place = rng.randrange(len(data))
        return data[:place] + rng.randbytes(1) + data[place + 1 :]
    return data


def nested(depth):
    """Return the bytes of a CreateStudyRequest with conditional parameters at a depth."""

    def field(number, data):
        return bytes([number << 3 | 2]) + length(len(data)) + data

    def length(n):
        found = b""
        while n > 127:
            found += bytes([n & 127 | 128])
            n >>= 7
        return found + bytes([n])

    data = field(1, b"x")
    for _ in range(depth):
        data = field(1, b"x") + field(10, field(1, data))
    return field(1, b"owners/o") + field(2, field(2, b"deep") + field(3, field(2, data)))
