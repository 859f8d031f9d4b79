"""Texts that the dashboards of every tool share."""

from collections.abc import Mapping

from social_metrics.publish.page.formats import Language

ROWS_LABEL: Mapping[Language, str] = {"id": "Jumlah", "en": "Count"}
DATA_OF: Mapping[Language, str] = {"id": "data tanggal", "en": "data of"}
TITLE_DATE: Mapping[Language, str] = {"id": "DD/MM/YYYY", "en": "FMDD Mon YYYY"}
SIMULATED: Mapping[Language, str] = {"id": "DATA SIMULASI", "en": "SIMULATED DATA"}
OPEN: Mapping[Language, str] = {"id": "buka", "en": "open"}
NOT_MEASURABLE: Mapping[Language, str] = {"id": "tidak terukur", "en": "not measurable"}
UP_TO: Mapping[Language, str] = {"id": "{cap} = {cap} atau lebih", "en": "{cap} = {cap} or more"}
NOTE: Mapping[Language, str] = {"id": "catatan", "en": "note"}
NOT_ASSESSABLE: Mapping[Language, str] = {"id": "belum dapat dinilai", "en": "not yet assessable"}
