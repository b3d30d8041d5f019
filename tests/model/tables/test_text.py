"""CSV and TSV files: the numbers that a reader of the file would see, or a refusal; what was concluded is said."""

import io

import numpy as np
import pytest

import curldescent as cd
from curldescent.model.tables.text import read_text


def learn(path, text, **options):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    options = {"targets": "a", "n_hidden": 2, "test_fraction": 0} | options
    options = {"standardise": False, "standardise_targets": False} | options
    return cd.from_data(path, **options)


# What is in the file, which inputs it means, and what has to be said of it.
READ = {
    "a separator behind every row": (
        "speed,a,b\n1,10,100,\n2,20,200,\n",
        {"speed": [1, 2], "b": [100, 200]},
        "ends with",
    ),
    "an index without a name": (",speed,a\n0,1,10\n1,2,20\n", {"speed": [1, 2]}, "column 1 (without a name"),
    "an index saved twice": ("Unnamed: 0,speed,a\n0,1,10\n1,2,20\n", {"speed": [1, 2]}, "column 1 (without a name"),
    "a separator behind header and rows": ("speed,a,\n1,10,\n2,20,\n", {"speed": [1, 2]}, "column 3 (without a name"),
    "spaces": (" speed , a \n 1 , 10 \n 2,20\n", {"speed": [1, 2]}, ""),
    "quoted numbers": ('"speed","a"\n"1","10"\n"2","20"\n', {"speed": [1, 2]}, ""),
    "semicolons": ("speed;a\n1;10\n2;20\n", {"speed": [1, 2]}, "separated by semicolons"),
    "tabs": ("speed\ta\n1\t10\n2\t20\n", {"speed": [1, 2]}, "separated by tabs"),
    "byte order mark": (b"\xef\xbb\xbfspeed,a\n1,10\n2,20\n", {"speed": [1, 2]}, ""),
    "blank lines": ("\n\nspeed,a\n\n1,10\n   \n2,20\n\n", {"speed": [1, 2]}, ""),
    "Windows": ("speed,a\r\n1,10\r\n2,20\r\n", {"speed": [1, 2]}, ""),
    "old Macs": ("speed,a\r1,10\r2,20\r", {"speed": [1, 2]}, ""),
    "no end": ("speed,a\n1,10\n2,20", {"speed": [1, 2]}, ""),
    "truth values": ("speed,a\nTrue,10\nFalse,20\n", {"speed": [1, 0]}, "holds true and false, read as 1 and 0"),
    "a constant": ("speed,c,a\n1,7,10\n2,7,20\n4,7,1\n", {"speed": [1, 2, 4], "c": [7, 7, 7]}, "'c' is constant"),
    "numbered rows": ("id,speed,a\n1,4,1\n2,4,5\n3,5,2\n", {"speed": [4, 4, 5]}, "it counts the rows; keep='id' makes"),
    "ids": ("sample_id,speed,a\n7,4,1\n5,4,5\n9,5,2\n", {"speed": [4, 4, 5]}, "every row has another 'sample_id'"),
    "names of rows": ("who,speed,a\nx,1,10\ny,2,20\n", {"speed": [1, 2]}, "nearly every row has another text"),
    "time alone": ("t,a\n1,10\n2,20\n3,1\n", {"t": [1, 2, 3]}, "'t' counts the rows"),
    "decimal commas": ("speed;a\n1,5;10\n2,25;20\n", {"speed": [1.5, 2.25]}, "written with a decimal comma"),
    "decimal commas, tabs": ("speed\ta\n1,5\t10\n-2,5e1\t20\n", {"speed": [1.5, -25]}, "a decimal comma"),
    "blanks": ("speed  a\n 1   10\n2 20\n", {"speed": [1, 2]}, "separated by blanks"),
    "blanks and tabs": ("speed\t\ta\n1 10 \n2\t20\n", {"speed": [1, 2]}, "separated by blanks"),
    "bars": ("speed|a\n1|10\n2|20\n", {"speed": [1, 2]}, "separated by bars"),
    "a comma in a name": ("speed, mean;a\n1;10\n2;20\n", {"speed, mean": [1, 2]}, "separated by semicolons"),
    "a comment": ("# on Monday\nspeed,a\n1,10\n2,20\n", {"speed": [1, 2]}, "1 comment line is not read"),
    "comments": ("% x\n\nspeed,a\n1,10\n  % new\n2,20\n", {"speed": [1, 2]}, "2 comment lines are not read"),
    "a header as a comment": ("# on Monday\n# speed,a\n1,10\n2,20\n", {"speed": [1, 2]}, "stand in a comment above"),
    "numpy.savetxt": ("# speed a\n1.0e+00 1e1\n2.0e+00 2e1\n", {"speed": [1, 2]}, "stand in a comment above the data"),
    "a mark as a name": ("#,speed,a\n7,1,10\n7,2,20\n9,0,21\n", {"#": [7, 7, 9], "speed": [1, 2, 0]}, ""),
    "UTF-16": ("größe,a\n1,10\n2,20\n".encode("utf-16"), {"größe": [1, 2]}, "read as UTF-16"),
    "Latin-1": ("größe,a\n1,10\n2,20\n".encode("latin1"), {"größe": [1, 2]}, "not in UTF-8: its letters are read as"),
    "a second of one name": (
        "a,b,b.1\n10,1,3\n20,2,4\n",
        {"b": [1, 2], "b.1": [3, 4]},
        "'b.1' looks like a second 'b'",
    ),
    "years": ("speed,2001,a\n1,3,10\n2,5,20\n", {"speed": [1, 2], "2001": [3, 5]}, "taken as names, though some are"),
    "a name with a comma": ('"speed, mean",a\n1,10\n2,20\n', {"speed, mean": [1, 2]}, ""),
    "a name over two lines": ('"speed\nmean",a\n1,10\n2,20\n', {"speed\nmean": [1, 2]}, ""),
    "the last digit": ("speed,a\n0.1,10\n0.30000000000000004,20\n", {"speed": [0.1, 0.1 + 0.2]}, ""),
}


# Targets of the tables above that have three rows.
THREE = {"a constant": [10, 20, 1], "numbered rows": [1, 5, 2], "ids": [1, 5, 2], "time alone": [10, 20, 1]}
THREE["a mark as a name"] = [10, 20, 21]


@pytest.mark.parametrize("kind", READ)
def test_a_table_is_read_as_it_stands(kind, tmp_path):
    text, expected, said = READ[kind]
    problem = learn(tmp_path / "t.csv", text)
    targets = THREE.get(kind, [10, 20])
    # Samples are shuffled by the split; their targets tell them apart.
    order = [problem.targets[:, 0].tolist().index(t) for t in targets]
    np.testing.assert_array_equal(problem.inputs[order].T, list(expected.values()))
    assert problem.data.inputs == tuple(expected)
    assert problem.data.targets == ("a",)
    assert said in str(problem.data)
    if not said:
        assert len(problem.data.lines()) == 2


REFUSED = {
    "a separator behind some rows": ("speed,a\n1,10,\n2,20\n", "1 of 2 rows have a separator behind their last field"),
    "names of rows without a name": (
        "speed,a\nr1,1,10\nr2,2,20\n",
        "row 1 .line 2. has 3 fields where the header has 2",
    ),
    "a short row": ("speed,a,b\n1,10,3\n2,20\n", "row 2 .line 3. has 2 fields where the header has 3"),
    "a name twice": ("a,b,a\n1,2,3\n", "2 are called 'a': numbers 1, 3"),
    "a name twice but for spaces": ("a,b, a\n1,2,3\n", "2 are called 'a': numbers 1, 3"),
    "60 000 equal names": (b",".join([b"x"] * 60_000) + b"\n1\n", "60000 are called 'x'"),
    "marks for thousands": (
        'speed,a\n"1,234",10\n"2,345",20\n',
        "got '1,234' in row 1; write numbers with a decimal point",
    ),
    "decimal commas or thousands": (
        "speed;a\n1,234;10\n2,345;20\n",
        "got '1,234' in row 1; write numbers with a decimal point and without marks for thousands, or say decimal=','",
    ),
    "decimal commas and points": ("speed;b;a\n1,5;0.5;10\n2,5;1.5;20\n", "got '1,5' in row 1; write numbers"),
    "decimal commas and thousands": ("speed;a\n1.234,5;10\n2.345,5;20\n", "got '1.234,5' in row 1; write numbers"),
    "commas or semicolons": ("a;b,c\nx;y,3\nz;w,4\n", "with commas or semicolons between its columns; say which with"),
    "two headers": ("# speed,name\n1,x\n2,y\n", "two lines that can name its columns, 'speed,name' and '1,x'"),
    "a colour like a comment": ("c,a\nred,1\n#ff0000,2\n", "line 3 begins like a comment and has as many fields"),
    "only comments": ("# a\n# b\n", "it holds only comments"),
    "dates": ("day,a\n2024-03-01,10\n2024-03-02,20\n", "got dates .'2024-03-01' in row 1.; make a number of them"),
    "times of day": ("at,a\n12:30,10\n13:45,20\n", "got dates .'12:30' .* or leave the column out with exclude='at'"),
    "a mark for what is missing": (
        "speed,a\n1,10\n?,20\n3,30\n",
        "got '[?]' in row 2 among numbers; where it marks a missing value, say missing_marks='[?]'",
    ),
    "underscores": ("speed,a\n1_000,10\n2_000,20\n", "got '1_000' in row 1; write numbers"),
    "no header": ("1.5,10\n2.5,20\n", "needs a header: .* got the number '1.5'"),
    "no header, whole numbers": ("1,10\n2,20\n", "needs a header: .* got the number '1'"),
    "no header, a class": ("5.1,3.5,setosa\n4.9,3,setosa\n", "needs a header: .* got the number '5.1'"),
    "names of rows alone": ("name,a\nx,10\ny,20\n", "'name' is left out, nearly every row has another text"),
    "an empty column": ("speed,e,a\n1,,10\n2,,20\n", "column 'e' must be finite .* in every row: it is empty"),
    "a hole": ("speed,a\n1,10\n,20\n", "got a missing value in row 2 .1 such rows in all.; missing='drop' leaves"),
    "infinity": ("speed,a\n1,10\n-inf,20\n", "an infinite value in row 2"),
    "too large a number": ("speed,a\n1,10\n1e999,20\n", "an infinite value in row 2"),
    "header only": ("speed,a\n", "has a header and no rows"),
    "empty": ("", "it is empty"),
    "blank": ("\n \n", "it is empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "it is empty"),
    "no encoding": (b"gr\x81\xf6,a\n1,10\n", "byte 81 is no text in UTF-8, nor is byte 81 in Windows-1252"),
    "half of UTF-16": (b"\xff\xfea\x00,", "begins like UTF-16 and is not"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "got binary data, not text"),
    "binary data late": (b"speed,a\n" + b"1,10\n" * 20_000 + b"\x00,1\n", "got binary data in line 20002"),
    "an open quote": ('speed,a\n1,"10\n', "cannot be read as CSV: line 2: unexpected end of data"),
    "one line": (b"speed,a" + b"x" * 2**24 + b"\n1,2\n", "line 1 has more than 16777216 characters"),
    "too many columns": (",".join(f"c{k}" for k in range(100_001)) + "\n", "at most 100000 columns, got 100001"),
    "a long entry": ("speed,a\n" + "x" * 100_000 + ",1\n", "'speed' is left out, it holds one text in every row"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_in_a_sentence(kind, tmp_path):
    text, sentence = REFUSED[kind]
    with pytest.raises(cd.InputError, match=sentence) as refused:
        learn(tmp_path / "t.csv", text)
    assert len(str(refused.value)) < 600
    assert "\n" not in str(refused.value)


def test_tabs_are_what_tsv_files_are_separated_by(tmp_path):
    problem = learn(tmp_path / "t.tsv", "speed\ta\tx,y\n1\t10\t3\n2\t20\t4\n")
    assert problem.data.inputs == ("speed", "x,y")
    assert problem.data.notes == ()


def test_classes_are_named_in_the_order_of_the_outputs(tmp_path):
    problem = learn(tmp_path / "t.csv", "x,kind\n1,dog\n2,cat\n3,dog\n5,cat\n", targets="kind", one_hot=True)
    assert "one output for each class of column 'kind': 'cat', 'dog'" in str(problem.data)
    order = np.argsort(problem.inputs[:, 0])
    np.testing.assert_array_equal(problem.targets[order], [[0, 1], [1, 0], [0, 1], [1, 0]])


def test_pandas_and_the_outline_agree_on_random_tables():
    """Whatever is in quotes, pandas reads the rows that were counted, each field in its place."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        rows, columns = rng.integers(1, 6, 2)
        values = rng.normal(size=(rows, columns)).round(3)
        names = [f'n{k}"{" ,;"[k % 3]}\n' if rng.random() < 0.3 else f"n{k}" for k in range(columns)]
        names = [f"{name} {k}" for k, name in enumerate(names)]

        def field(text):
            quoted = text.replace('"', '""')
            return f'"{quoted}"' if rng.random() < 0.5 or set(text) & set('",\n') else text

        lines = [",".join(field(name) for name in names)]
        lines += [",".join(field(repr(float(x))) for x in row) for row in values]
        end = rng.choice(["\n", "\r\n"])
        table = read_text(io.BytesIO(end.join(lines).encode()), source="it", separator=",")
        assert list(table.columns) == [name.strip() for name in names]
        np.testing.assert_array_equal(np.stack(list(table.columns.values()), axis=1), values)


def test_what_was_used_is_said_everywhere(tmp_path):
    problem = learn(tmp_path / "t.csv", ",name,speed,b,a\n0,x,1,5,10\n1,y,2,7,20\n", inputs=["speed"])
    said = ("'speed'", "'a'", "column 1 (without a name in the header)", "'b' (not chosen)", "text in 'name'")
    shown = problem._repr_html_().replace("&#x27;", "'")
    history = cd.train(problem, cd.Plasticity(), epochs=1)
    for text in said:
        assert text in str(problem.data)
        assert text in shown
        assert text in history.attrs["data"]
    assert repr(problem).endswith("targets 'a' from 'speed')")
    assert history.attrs["problem"] == repr(problem)


def test_a_constant_input_becomes_zero_whatever_its_rounding():
    values = np.full(7, 0.1)  # whose mean is not 0.1 in the last bit, and whose spread is not zero
    assert values.std() > 0
    problem = cd.from_data({"c": values, "x": np.arange(7.0) ** 2, "y": np.arange(7.0)}, targets="y", n_hidden=2)
    np.testing.assert_array_equal(problem.inputs[:, 0], 0)
