"""Input of any kind (text, HTML, PDF, DOCX, tables of texts) read into documents."""

from framing.documents.inputs import read_inputs
from framing.documents.readers import read_document
from framing.documents.warnings import document_warnings

__all__ = ["document_warnings", "read_document", "read_inputs"]
