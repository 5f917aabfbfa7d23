"""Files and documents: what cannot be read, and what is read without harm."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wazir.domain.errors import InvalidConfigError
from wazir.jobs.config import nodes
from wazir.jobs.config.nodes import DocumentError, Items, Scalar, parse_document
from wazir.jobs.config.reading import read_job_file
from wazir.jobs.config.source import MAX_SIZE_BYTES, read_source


def refusal(path: Path) -> str:
    with pytest.raises(InvalidConfigError) as caught:
        read_job_file(path)
    return str(caught.value)


def test_a_missing_file_proposes_similar_names(tmp_path: Path) -> None:
    (tmp_path / "hyperparame.yaml").write_text("a: 1")
    (tmp_path / "notes.txt").write_text("a: 1")
    assert "did you mean 'hyperparame.yaml'?" in refusal(tmp_path / "hyperparam.yaml")
    assert "there are hyperparame.yaml" in refusal(tmp_path / "zzz.yml")
    assert "there is no folder" in refusal(tmp_path / "no" / "hyperparam.yaml")
    assert "it is a folder" in refusal(tmp_path)
    assert "cannot be read" in refusal(tmp_path / "a\0b")


def test_a_folder_without_configurations_is_named(tmp_path: Path) -> None:
    assert "no configuration file lies in" in refusal(tmp_path / "hyperparam.yaml")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"---\n...\n", "the file is empty"),
        (b"null\n", "the file is empty"),
        (b"a: 1\nb: \xe9\n", "line 2, column 4: the file must be UTF-8, got the byte 0xe9"),
        ("a: 1".encode("utf-16"), "must be UTF-8, got UTF-16"),
        (b"a" * (MAX_SIZE_BYTES + 1), "at most 1000000 bytes"),
        (b"a: 1\n\tb: 2\n", "line 2, column 1: "),
        (b"a:\n\t- b\n", "a tab cannot indent YAML (use spaces)"),
        (b"a: [1, 2\n", "this is no YAML"),
        (b"a: 'x\n", "this is no YAML"),
        (b'{"a": 1,, }', "line 1, column 9: this is no YAML"),
        (b"a: \x07\n", "line 1, column 4: U+0007 is not allowed in YAML"),
        (b"a: 1\n---\nb: 1\n", "line 2, column 1: a configuration is one document"),
        (b"a: *b\n", "line 1, column 4: the alias *b has no anchor"),
        (b"&a [*a]\n", "the alias *a has no anchor"),
        (
            b"a: !!python/object:os.system x\n",
            "the tag 'tag:yaml.org,2002:python/object:os.system'",
        ),
        (b"a: !include x\n", "the tag '!include' is not allowed"),
        (b"? [a]\n: 1\n", "line 1, column 3: a key must be a text"),
        (b"a: 1\nb: 2\na: 3\n", "line 3, column 1: 'a' stands twice, first in line 1"),
        (b"x: {<<: 1}\n", "<< needs a mapping to merge"),
        (b"[" * 100_000, "nested at most 50 deep"),
        (b"[" + b"1," * 20_001 + b"]", "at most 20000 values"),
        (b"a: " + b"{b: " * 60 + b"1" + b"}" * 60, "nested at most 50 deep"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(data)
    assert message in refusal(path)


def test_a_billion_laughs_cost_nothing(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += (f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    path = tmp_path / "c.yaml"
    path.write_text("\n".join(lines))
    assert f"at most {nodes.MAX_NODES} values" in refusal(path)
    deep = ["b0: &b0 [x]", *(f"b{n}: &b{n} [*b{n - 1}]" for n in range(1, 60))]
    path.write_text("\n".join(deep))
    assert "nested at most 50 deep" in refusal(path)


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "trainingInput:\n"
        "  hyperparameters:\n"
        "    goal: MINIMIZE\n"
        "    hyperparameterMetricTag: m\n"
        "    params:\n"
        "    - &x {parameterName: x, type: INTEGER, minValue: 1, maxValue: 3}\n"
        "    - {<<: *x, parameterName: y, maxValue: 5}\n"
        "    - {<<: [*x], parameterName: z}\n"
    )
    job = read_job_file(path)
    assert {name: (p.min_value, p.max_value) for name, p in job.space.items()} == {  # type: ignore[union-attr]
        "x": (1, 3),
        "y": (1, 5),
        "z": (1, 3),
    }


def test_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbftrainingInput:\r\n  jobDir: x\r\n  colour: red\r\n")
    assert "line 3, column 3: 'colour'" in refusal(path)


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        ("%writefile a.yaml\na: 1\n", True),
        ("%%writefile a.yaml\na: 1\n", True),
        ("\n\n %writefile a.yaml\na: 1\n", True),
        ("%YAML 1.1\n---\na: 1\n", False),
        ("a: 1\n%writefile b\n", False),
    ],
)
def test_a_notebook_line(tmp_path: Path, text: str, skipped: bool) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    source = read_source(path)
    assert bool(source.notes) is skipped
    assert source.text.count("\n") == text.count("\n")
    assert ("%writefile" in source.text) is not skipped or "%YAML" in text


def test_explicit_tags_say_what_is_a_text() -> None:
    node = parse_document("[!!str null, !!null '', !!int '3', 'null', null, ~, '']")
    assert isinstance(node, Items)
    scalars = [item for item in node.items if isinstance(item, Scalar)]
    assert [scalar.is_null for scalar in scalars] == [
        False,
        True,
        False,
        False,
        True,
        True,
        False,
    ]


@given(st.text(alphabet="ab:-{}[],'\"&*!|>%#\n\t ~1<?", max_size=40))
def test_any_text_is_a_tree_or_a_clear_error(text: str) -> None:
    try:
        parse_document(text)
    except DocumentError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.line and problem.column for problem in problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(
                    [
                        "trainingInput",
                        "hyperparameters",
                        "params",
                        "type",
                        "parameterName",
                        "studySpec",
                        "parameters",
                        "metrics",
                        "doubleValueSpec",
                        "minValue",
                        "goal",
                    ]
                ),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=20,
    )
)
def test_any_document_is_read_or_refused(tmp_path: Path, document: object) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml_text(document), encoding="utf-8")
    try:
        job = read_job_file(path)
    except InvalidConfigError as error:
        found: object = error.problems
    else:
        found = job.source == str(path)
    assert found


def yaml_text(document: object) -> str:
    yaml = pytest.importorskip("yaml")
    text: str = yaml.safe_dump(document)
    return text
