"""What the README says of keywords and keys is what the code does."""

from __future__ import annotations

from mailbot.config import example
from tests.docs import README, with_tables


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run python -m tests.docs"


def test_the_example_configuration_is_that_of_the_code() -> None:
    assert README.with_name("config.example.toml").read_text(encoding="utf-8") == example()
