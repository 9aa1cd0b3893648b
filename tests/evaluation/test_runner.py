from tests.evaluation.__main__ import evaluations
from tests.evaluation.table import Table


def test_evaluations_are_found() -> None:
    assert {"conformance", "context", "failover", "routing", "tokens"} <= set(evaluations())
    assert not {"table", "bills"} & set(evaluations())


def test_a_table_has_straight_columns() -> None:
    table = Table("sizes", ("count", "share"), [("a", "1", "10 %"), ("total", "1000", "5 %")])
    assert str(table).splitlines() == [
        "sizes",
        "         count  share",
        "  a          1   10 %",
        "  total   1000    5 %",
    ]
