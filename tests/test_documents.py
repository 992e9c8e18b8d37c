"""Files of each kind become documents; what cannot be read is a clear error."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framing.documents import document_warnings, read_document
from framing.documents.encodings import decode
from framing.errors import InputError
from framing.spans import Document

STORY = "The ministry of Ostrel said on Monday that the dam at Kellin had been closed."


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("suffix", [".txt", ".text", ".md", ".markdown", ".TXT", "", ".story"])
def test_plain_text_is_the_content_of_the_file(tmp_path: Path, suffix: str) -> None:
    content = "# Dam closed\r\n\r\n  Two  spaces, *stars*.\n\n\n"
    path = written(tmp_path, f"dam{suffix}", content)
    document = read_document(path)
    assert document.text == content
    assert document.doc_id == document.source == path.as_posix()
    assert document.title is None
    assert document.metadata == {"encoding": "utf-8"}


# Bytes that are mostly control characters are a binary file; a byte order mark is no text.
readable = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r")
).filter(lambda text: text.strip() and not text.startswith("\ufeff"))


@given(text=readable)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_from_a_utf8_file(tmp_path: Path, text: str) -> None:
    assert read_document(written(tmp_path, "any.txt", text)).text == text


@given(text=readable, codec=st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_a_byte_order_mark_tells_the_codec_and_is_no_text(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "any.txt") == (text, codec)


@pytest.mark.parametrize(
    ("content", "codec"),
    [
        ("Café “Ostrel” – closed…".encode("cp1252"), "cp1252"),
        ("Café Ostrel".encode("latin-1"), "cp1252"),
        (b"\xfe\xff" + "Café".encode("utf-16-be"), "utf-16"),
    ],
)
def test_text_in_older_codecs_is_read(tmp_path: Path, content: bytes, codec: str) -> None:
    document = read_document(written(tmp_path, "cafe.txt", content))
    assert document.text.startswith("Café")
    assert document.metadata["encoding"] == codec


def test_bytes_undefined_in_cp1252_are_left_to_the_statistics() -> None:
    # The first letter is the byte 8F in cp866, which stands for nothing in cp1252.
    russian = "Плотина закрыта, сообщило министерство в понедельник утром. " * 8
    text, codec = decode(russian.encode("cp866"), "dam.txt")
    assert codec != "cp1252"
    assert len(text) == len(russian)


@pytest.mark.parametrize(
    "content", [b"GIF89a\x01\x00\x01\x00", bytes(range(1, 32)) * 4, b"text with a \x00 in it"]
)
def test_binary_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, "picture.txt", content)
    with pytest.raises(InputError, match=r"picture\.txt: binary file; expected text, HTML, PDF"):
        read_document(path)


def test_half_a_character_of_utf16_is_refused() -> None:
    with pytest.raises(InputError, match="the bytes are not valid utf-16"):
        decode(b"\xff\xfea\x00b", "half.txt")


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", "\u3000\u2003".encode()])
@pytest.mark.parametrize("suffix", [".txt", ".html", ""])
def test_files_without_content_are_empty(tmp_path: Path, content: bytes, suffix: str) -> None:
    with pytest.raises(InputError, match=r"is empty|holds no text"):
        read_document(written(tmp_path, f"nothing{suffix}", content))


@pytest.mark.parametrize("suffix", [".pdf", ".docx", ".html"])
def test_a_file_of_no_bytes_is_empty_whatever_its_kind(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(InputError, match=rf"nothing\{suffix}: is empty"):
        read_document(written(tmp_path, f"nothing{suffix}", b""))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<!-- saved --><!DOCTYPE html>\n<html><body><p>Words.</p></body></html>", "Words."),
        (b'<?xml version="1.0"?>\n<html><body><p>Words.</p></body></html>', "Words."),
        (b"<p>Words.</p>", "Words."),
        (b"<3 is a heart, 4 < 5", "<3 is a heart, 4 < 5"),
    ],
)
def test_without_a_known_suffix_the_content_tells_the_kind(
    tmp_path: Path, content: bytes, text: str
) -> None:
    assert read_document(written(tmp_path, "page", content)).text == text
    assert read_document(written(tmp_path, "page.saved", content)).text == text


def test_pdf_and_docx_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged or not a PDF"):
        read_document(written(tmp_path, "report", b"%PDF-1.4 torn"))
    with pytest.raises(InputError, match="damaged or not a DOCX file"):
        read_document(written(tmp_path, "report", b"PK\x03\x04 word/document.xml torn"))


def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_document(tmp_path / "gone.txt")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_document(tmp_path)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.rtf", "as .docx"),
        ("a.json", "JSON lines"),
        ("a.XLSX", "as .csv"),
        ("a.csv", "read_inputs"),
    ],
)
def test_other_kinds_are_refused_with_advice(tmp_path: Path, name: str, advice: str) -> None:
    with pytest.raises(InputError, match=advice):
        read_document(written(tmp_path, name, STORY))


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = ("trafilatura", "lxml", "docx", "pypdfium2", "pyarrow", "charset_normalizer", "numpy")
    code = f"import sys, framing.documents; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def document_of(text: str) -> Document:
    return Document("a", text)


def test_long_english_text_has_no_warnings() -> None:
    assert document_warnings(document_of(f"{STORY} " * 3)) == ()


@pytest.mark.parametrize(("n_characters", "expected"), [(199, ("short_text",)), (200, ())])
def test_texts_under_200_characters_are_short(n_characters: int, expected: tuple[str, ...]) -> None:
    # White space around the text does not count.
    assert document_warnings(document_of("x" * n_characters + "\n" * 50)) == expected


@pytest.mark.parametrize(
    "offer",
    [
        "Subscribe now to read the full story.",
        "Sign in\nto continue reading.",
        "Create a free account to unlock this article.",
        "Already a subscriber? Log in.",
        "This article is available to subscribers.",
        "You have reached your limit of three free articles.",
        "Continue reading with a trial.",
    ],
)
def test_short_texts_with_an_offer_look_like_a_paywall(offer: str) -> None:
    # STORY has 77 characters and a space: 4 times are 312, 20 times 1,560.
    assert document_warnings(document_of(f"{STORY} " * 4 + offer)) == ("paywall_like",)
    assert document_warnings(document_of(f"{STORY} " * 20 + offer)) == ()


def test_a_story_about_registers_and_signs_is_no_paywall() -> None:
    text = (
        "The council of Kellin will register all wells. Residents signed in at the town hall, and "
    )
    assert document_warnings(document_of(text * 4)) == ()


@pytest.mark.parametrize(
    "text",
    [
        # Sentences written for this test: Dutch, German, French, Italian, Spanish, Polish.
        "De minister zei maandag dat de dam in Kellin was gesloten en dat er op de weg naar het "
        "dal niemand gewond is geraakt, maar de bewoners hadden geen bericht gekregen van hem.",
        "Der Minister sagte am Montag, die Talsperre in Kellin war geschlossen und an keinem Ort "
        "im Tal sei jemand verletzt worden, was die Bewohner des Dorfes bestreiten.",
        "Le ministre a dit lundi que le barrage de Kellin avait été fermé et que personne dans la "
        "vallée n'avait été blessé, mais on ne sait pas qui a donné cet ordre à la ville.",
        "Il ministro ha detto lunedì che la diga di Kellin è stata chiusa e che nessuno in valle è "
        "rimasto ferito, ma gli abitanti dicono di non aver ricevuto in tempo un avviso.",
        "El ministro dijo el lunes que la presa de Kellin había sido cerrada y que nadie en el "
        "valle resultó herido, pero los vecinos dicen que no recibieron a tiempo ningún aviso.",
        "Minister powiedział w poniedziałek, że zapora w Kellin została zamknięta i że nikt w "
        "dolinie nie ucierpiał, ale mieszkańcy mówią, że to nieprawda i że nadal czekają.",
        "министр сказал в понедельник что плотина закрыта " * 8,
    ],
)
def test_other_languages_are_not_english(text: str) -> None:
    # Twice, for some have fewer than the 30 words that a language takes.
    assert "not_english" in document_warnings(document_of(f"{text} {text}"))


def test_headlines_are_english() -> None:
    headlines = (
        "Ostrel ministry denies role in dam breach. Kellin mayor blames rivals for flood deaths. "
        "Rescue teams search valley after night of rain. Experts warn of second wave at Port Arda. "
        "Prices rise as harvest fails. Team wins cup final in extra time."
    )
    assert document_warnings(document_of(headlines)) == ()


def test_fewer_than_30_words_have_no_language() -> None:
    assert document_warnings(document_of("Überschwemmungsschutzbehörde " * 29)) == ()
    assert document_warnings(document_of("Überschwemmungsschutzbehörde " * 30)) == ("not_english",)
