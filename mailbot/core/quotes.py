"""How mail programs write around a quote: tables of words in many languages, and the patterns made from them.

Law: rows carry their example, which is their test (tests/test_reply.py). A new language is one row. Every pattern is
tried on a bounded piece of text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# ---- "On Monday Alice wrote:"

WROTE = (  # (words, example)
    ("wrote writes", "On Mon, May 6, 2024 at 9:15 AM Alice <alice@example.org> wrote:"),
    ("schrieb schreibt geschrieben", "Am Mo., 6. Mai 2024 um 09:15 Uhr schrieb Alice <alice@example.org>:"),
    ("écrit ecrit crit disait", "Le lun. 6 mai 2024 à 09:15, Alice <alice@example.org> a écrit :"),
    ("escribió escribio", "El lun, 6 may 2024 a las 9:15, Alice (<alice@example.org>) escribió:"),
    ("scritto scrisse scrive", "Il giorno lun 6 mag 2024 alle ore 09:15 Alice <alice@example.org> ha scritto:"),
    ("escreveu", "Em seg., 6 de mai. de 2024 às 09:15, Alice <alice@example.org> escreveu:"),
    ("schreef geschreven", "Op ma 6 mei 2024 om 09:15 schreef Alice <alice@example.org>:"),
    ("napisał napisała pisze", "pon., 6 maj 2024 o 09:15 Alice <alice@example.org> napisał(a):"),
    ("skrev skreiv", "Den mån 6 maj 2024 kl 09:15 skrev Alice <alice@example.org>:"),
    ("napsal napsala píše", "po 6. 5. 2024 v 9:15 odesílatel Alice <alice@example.org> napsal:"),
    ("napísal napísala", "po 6. 5. 2024 o 9:15 Alice <alice@example.org> napísal(a):"),
    ("kirjoitti", "ma 6. toukok. 2024 klo 9.15 Alice (alice@example.org) kirjoitti:"),
    ("írta", "Alice <alice@example.org> ezt írta (időpont: 2024. máj. 6., H, 9:15):"),
    ("scris", "lun., 6 mai 2024 la 09:15, Alice <alice@example.org> a scris:"),
    ("napisao napisala napisal", "pon, 6. svi 2024. u 09:15 Alice <alice@example.org> napisao je:"),
    ("пишет написал написала писал писала", "пн, 6 мая 2024 г. в 09:15, Alice <alice@example.org> написал:"),
    ("написав написала пише", "пн, 6 трав. 2024 р. о 09:15 Alice <alice@example.org> написав:"),
    ("написа", "На пн, 6.05.2024 г. в 9:15 Alice <alice@example.org> написа:"),
    ("έγραψε", "Στις Δευ 6 Μαΐ 2024 στις 9:15 π.μ., ο χρήστης Alice <alice@example.org> έγραψε:"),
    ("yazdı", "Alice <alice@example.org>, 6 May 2024 Pzt, 09:15 tarihinde şunu yazdı:"),
    ("viết", "Vào 09:15 6 tháng 5, 2024, Alice <alice@example.org> đã viết:"),
    ("menulis", "Pada Sen, 6 Mei 2024 pukul 09.15 Alice <alice@example.org> menulis:"),
    ("写道 寫道 写到", "Alice <alice@example.org> 于2024年5月6日周一 09:15写道："),
    ("書きました", "2024年5月6日(月) 9:15 Alice <alice@example.org> さんは書きました:"),
    ("작성", "2024년 5월 6일 (월) 오전 9:15, Alice <alice@example.org>님이 작성:"),
    ("escriure escrit", "El dl., 6 de maig 2024, 9:15, Alice <alice@example.org> va escriure:"),
    ("kirjutas", "Kontakt Alice (<alice@example.org>) kirjutas kuupäeval E, 6. mai 2024 kell 09:15:"),
    ("rakstīja", "Pirmd., 2024. g. 6. maijs, plkst. 09:15, Alice <alice@example.org> rakstīja:"),
    ("rašė", "2024-05-06, pr, 09:15 Alice <alice@example.org> rašė:"),
    ("כתב כתבה", "בתאריך יום ב׳, 6 במאי 2024 ב-9:15 מאת Alice <alice@example.org> כתב:"),
    ("كتب", "Alice <alice@example.org> كتب في 6 مايو 2024 9:15:"),
)
VERBS = frozenset(word for words, _ in WROTE for word in words.split())
JOINED_VERBS = ("写道", "寫道", "写到", "書きました", "작성")  # in scripts without spaces
_WORDS = re.compile(r"[^\W\d_]+")
_PLAIN_WORDS = re.compile(r"[A-Za-z]+")  # the same in ASCII, at a third of what it costs


def _words(text: str) -> re.Pattern[str]:
    return _PLAIN_WORDS if text.isascii() else _WORDS


def has_verb(text: str) -> bool:
    """Whether a word for "wrote" stands in ``text``."""
    if text.isascii():
        return not VERBS.isdisjoint(_PLAIN_WORDS.findall(text))
    return not VERBS.isdisjoint(_WORDS.findall(text)) or any(verb in text for verb in JOINED_VERBS)


def ends_with_verb(text: str) -> bool:
    """Whether "wrote" ends it, before the colon: "… wrote:", "napisał(a):", "napisao je:", "<alice@example.org> sent:"."""
    words = _words(text).findall(text[-40:])
    if not words:
        return False
    if words[-1] in ("a", "je") and len(words) > 1:
        words.pop()
    return words[-1] in VERBS or words[-1].endswith(JOINED_VERBS) or text.endswith("> sent:")


QUOTING = re.compile(r"(?:Quoting|Quoth|Zitat von|Citando|Citát|Citerar|Citeren) [^!?]{1,100}:$")
STARRED = re.compile(r"\* [^\[\]]{1,80}\[[^\[\]]{0,30}\d[^\[\]]{0,30}\]\s?:$")  # Debian: * Alice [240502 09:15]:
GROUPWISE = re.compile(r">>> .{1,100}\d.{1,60}>>>$")  # >>> Alice <alice@example.org> 5/6/2024 9:15 AM >>>
INSIDE = re.compile(  # "thanks On Wed, Apr 4, 2012 at 3:59 PM, alice@example.org wrote:": a lost line break
    r"(?:-{2,}\s?)?\b(?:On|Am|Le|El|Il|Op|Em|Den) (?:[^\W\d]{2,10}\.?,? ){0,2}\d"
    r"[^\n]{8,160}(?:wrote|écrit|schrieb|escribió|scritto)\s?:$"
)
INSIDE_ENDS = tuple(verb + end for verb in ("wrote", "écrit", "schrieb", "escribió", "scritto") for end in (":", " :"))
_SAID = (*INSIDE_ENDS, "> sent:")  # verbs that are no word of their own

_MONTHS = (
    "jan feb fév fev mar mär mrt apr avr abr may mai maj mei mag jun juin giu jul juil lug aug aoû ago sep set oct okt "
    "ott out nov dec dez déc dic des янв фев мар апр мая май июн июл авг сен окт ноя дек"
)
_LETTERS = "".join(sorted({month[0] for month in _MONTHS.split()}))  # to look at no others: a third of the time
_MONTH = "|".join(f"{a}(?:{'|'.join(month[1:] for month in _MONTHS.split() if month[0] == a)})" for a in _LETTERS)
DATE = re.compile(  # a day with its month or year; a clock alone is no date
    rf"(?=[\d{_LETTERS}])"
    r"(?<!\d)(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\s?\d{1,2}[-/.]\s?(?:\d{4}|\d{2})(?!\d)|\d{4}\s?[年년]"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)?[\s-](?:de |tháng )?(?:{_MONTH})|(?:{_MONTH})[^\W\d]{{0,9}}[.,]?[\s-]\d{{1,2}}(?!\d)"
    r"|\d{1,2}\.?\s(?:de\s)?[^\W\d]{3,12}\.?,?\s(?:de\s)?(?:19|20)\d\d(?!\d)|\d{1,2} tháng \d)",
    re.IGNORECASE,
)
_PLAIN_DATE = re.compile(DATE.pattern, re.ASCII)  # the same in small ASCII, at half of what it costs


def has_date(text: str) -> bool:
    """Whether a day with its month or year stands in ``text``."""
    return (_PLAIN_DATE.search(text.lower()) if text.isascii() else DATE.search(text)) is not None


ADDRESS = re.compile(r"(?<=[\w.+=-])(?:@| at | <at> )[\w-]{1,60}\.[\w.-]{2,60}|<mailto:|\[mailto:")


def has_address(text: str) -> bool:
    """Whether a mail address stands in ``text``, also as archives write it ("alice at example.org")."""
    if "@" not in text and "at" not in text and "mailto:" not in text:
        return False
    return ADDRESS.search(text) is not None


def may_name(lines: str) -> bool:
    """Whether a mail address, or a piece of one, may stand in some lines: a cheap first question."""
    return (
        "@" in lines
        or ("at" in lines and any(end in f"\n{lines}\n" for end in (" at ", " at\n", "\nat ", "<at>")))
        or "mailto:" in lines
    )


ENDS_ADDRESS = re.compile(
    r"[<(]\s?(?:mailto:)?[^\s<>()]{1,100}(?:@| at )[\w.-]{2,60}(?:<mailto:[^<>]{1,100}>)?[>)]\s?[:：]$"
)
START = re.compile(r"[\W_]{0,8}+(?:[^\W\d]{1,12}+[.,：]{0,2}\s++){0,4}+\d")


def begins_dated(line: str) -> bool:
    """Whether it begins with a date, or with up to four words and a date somewhere behind them."""
    return START.match(line) is not None and has_date(line[:80])


COMPLETE = re.compile(  # what a mail program writes, and a story-teller does not: dashes, "you", weekday with year and clock
    r"^-{2,}|\b(?:you|du|Sie|vous|usted|Lei) (?:wrote|schrieb|avez écrit|escribió)|"
    r"\b(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mer|jeu|ven|sam|dim|mié|jue|sáb|dom|gio|wo|vr|za|zo)"
    r"[^\W\d]{0,7}[.,]{0,2}\s(?:[^\W\d]{3,12}\.?\s)?\d{1,2}\b[^\n]{0,40}(?:19|20)\d\d\b[^\n]{0,20}\d[:.h]\d\d",
    re.IGNORECASE,
)
TAIL = re.compile(r"<[^<>\s]{3,120}>,?:?|(?:wrote|writes)\s?:")
RFC_DATE = re.compile(r"\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")

# ---- header blocks, as Outlook and its kind write them

FIELDS = (  # from | sent | to | subject
    ("From", "Sent|Date", "To", "Subject"),
    ("Von", "Gesendet|Datum", "An", "Betreff"),
    ("De", "Envoyé|Envoyé le|Date|Message du", "À|A", "Objet|Sujet"),
    ("De", "Enviado|Enviado el|Fecha", "Para", "Asunto"),
    ("De", "Enviada em|Enviado em|Enviada|Data", "Para", "Assunto"),
    ("Da", "Inviato|Data", "A", "Oggetto"),
    ("Van", "Verzonden|Datum", "Aan", "Onderwerp"),
    ("Från", "Skickat|Datum", "Till", "Ämne"),
    ("Fra", "Sendt|Dato", "Til", "Emne"),
    ("Lähettäjä", "Lähetetty|Päivämäärä", "Vastaanottaja|Vastaanottajat", "Aihe"),
    ("Od", "Wysłano|Data", "Do", "Temat"),
    ("Od|Odesílatel", "Odesláno|Datum", "Komu", "Předmět"),
    ("Od", "Odoslané|Dátum", "Komu", "Predmet"),
    ("Feladó", "Elküldve|Dátum", "Címzett", "Tárgy"),
    ("De la", "Trimis|Data", "Către", "Subiect"),
    ("От|От кого", "Отправлено|Дата", "Кому", "Тема"),
    ("Від", "Надіслано|Дата", "Кому", "Тема"),
    ("Gönderen|Kimden", "Gönderilme|Gönderildi|Tarih", "Kime", "Konu"),
    ("发件人", "发送时间|发送日期|日期|时间", "收件人", "主题"),
    ("寄件者", "寄件日期|日期", "收件者", "主旨"),
    ("差出人", "送信日時|日付", "宛先", "件名"),
    ("보낸 사람|보낸사람", "보낸 날짜|날짜", "받는 사람|받는사람", "제목"),
)
_COLUMNS = ("from", "sent", "to", "subject")
FIELD_OF = {
    word.casefold(): column
    for row in FIELDS
    for column, words in zip(_COLUMNS, row, strict=True)
    for word in words.split("|")
} | dict.fromkeys(("cc", "kopie", "copie à", "kopia", "bcc", "reply-to", "importance", "attachments", "抄送"), "cc")

_AROUND = " *_|\t\xa0"
_STARTS = {word[:2] for word in FIELD_OF if len(word) > 1} | {
    w + c for w in FIELD_OF if len(w) == 1 for c in _AROUND + ":："
}


def field(line: str) -> tuple[str, str]:
    """("from" | "sent" | "to" | "subject" | "cc", value) of a header line in any of the languages, else ("", "")."""
    if line[:2].casefold()[:2] not in _STARTS and line[:1] not in _AROUND:  # nearly all
        return "", ""
    head = line[:60]
    colon = ":" if ":" in head else "："
    if colon not in head:
        return "", ""
    name, _, value = head.partition(colon)
    if len(name) > 32:
        return "", ""
    found = FIELD_OF.get(name.strip(_AROUND).casefold(), "")
    return found, (value + line[60:]).strip(" *_\t\xa0") if found else ""


def is_header(found: dict[str, str], block: str) -> bool:
    """Three of the four and an address or a date, and From is no time: "From: 14:05 / To: 14:32" is a report.

    ``found``: field -> value; ``block``: its lines in one. Two of the four are enough with an RFC 5322 date and an address.
    """
    named = found.keys() & {"from", "sent", "to", "subject"}
    if len(named) < 2 or found.get("from", "x")[:1].isdigit():
        return False
    if len(named) == 2:
        return has_address(block) and RFC_DATE.search(found.get("sent", "")) is not None
    return has_address(block) or has_date(found.get("sent", ""))


MARKED = re.compile(r"(?:^[ \t]{0,8}>[^\n]*(?:\n|\Z))++", re.MULTILINE)
RULE = re.compile(r"[\s*>]{0,8}[-_=*]{5,}\s*$")

# ---- separators in words

ORIGINAL = (  # between dashes
    "Original Message", "Original message", "Reply Message", "Original Appointment", "Ursprüngliche Nachricht",
    "Originalnachricht", "Original-Nachricht", "Antwort Nachricht", "Message original", "Message d'origine", "Mensaje original",
    "Mensagem original", "Messaggio originale", "Oorspronkelijk bericht", "Oorspronkelijke bericht", "Originalmeddelande",
    "Ursprungligt meddelande", "Oprindelig meddelelse", "Oprindelig besked", "Opprinnelig melding", "Alkuperäinen viesti",
    "Wiadomość oryginalna", "Oryginalna wiadomość", "Původní zpráva", "Pôvodná správa", "Eredeti üzenet", "Исходное сообщение",
    "Оригинальное сообщение", "Orijinal Mesaj", "原始邮件", "邮件原件", "元のメッセージ", "원본 메시지", "Mesaj original",
)  # fmt: skip
FORWARDED = (  # between dashes, or alone before a colon
    "Forwarded message", "Forwarded Message", "Begin forwarded message", "Weitergeleitete Nachricht",
    "Anfang der weitergeleiteten Nachricht", "Message transféré", "Message transmis", "Début du message réexpédié",
    "Début du message transféré", "Mensaje reenviado", "Inicio del mensaje reenviado", "Mensagem encaminhada",
    "Início da mensagem encaminhada", "Messaggio inoltrato", "Inizio messaggio inoltrato", "Doorgestuurd bericht",
    "Begin doorgestuurd bericht", "Vidarebefordrat meddelande", "Vidarebefordrat brev", "Videresendt meddelelse",
    "Videresendt melding", "Start på videresendt besked", "Välitetty viesti", "Przekazana wiadomość",
    "Treść przekazanej wiadomości", "Přeposlaná zpráva", "Preposlaná správa", "Továbbított üzenet", "Пересылаемое сообщение",
    "Пересланное сообщение", "Iletilen mesaj", "转发的邮件", "转发邮件信息", "転送されたメッセージ", "전달된 메시지",
)  # fmt: skip


def _any(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(w) for w in words)


ORIGINAL_LINE = re.compile(rf"[-_*=\s]{{2,40}}+(?:{_any(ORIGINAL)})[-_*=:\s]{{2,40}}$", re.IGNORECASE)
FORWARD_LINE = re.compile(
    rf"(?:[-_*=\s]{{2,40}}+(?:{_any(FORWARDED)}|Forwarded (?:by|message from) [^\n]{{1,100}}?)[-_*=:\s]{{0,40}}"
    rf"|(?:{_any(FORWARDED)})\s?[:：])$",
    re.IGNORECASE,
)
_FORWARDED = frozenset(words[:2].lower() for words in FORWARDED if words.isascii())
_FIRST = {re.split(r"[\s-]", words)[0].casefold() for words in ORIGINAL + FORWARDED} | {"forwarded"}


def may_separate(line: str) -> bool:
    """Whether a line that begins with a mark is a rule, or may be one of the two above, or a header: a cheap first question."""
    if line[1:2] and line[1] not in "-_=* \t":
        return field(line)[0] != ""
    words = _words(line).search(line, 2, 60)
    if words is None:
        return line == "--" or RULE.match(line) is not None
    return words[0].casefold() in _FIRST or field(line)[0] != ""


FORWARD_END = re.compile(r"-{3,}\s?End (?:of )?forwarded message\s?-{3,}$", re.IGNORECASE)


def may_introduce(line: str) -> bool:
    """Whether a line that ends with a colon may be one of those above, an attribution or a header: a cheap first question."""
    if "@" in line or " at " in line or line.endswith(_SAID) or has_verb(line):
        return True
    if line.isascii() and line[:2] not in _INTRODUCE and line[0] not in "-_=*|":  # nearly all
        return False
    if line.startswith(("Quot", "Zitat", "Cit")) or field(line)[0] or is_mobile(line):
        return True
    ruled = line[0] in "-_=*"
    if ruled and (STARRED.match(line) or ORIGINAL_LINE.match(line) or ends_with_verb(line)):
        return True
    return (ruled or _may_be_one(line, _FORWARDED)) and FORWARD_LINE.match(line) is not None


# ---- signatures of telephones

_PHONE = (
    r"[^.,]{0,30}(?:iPhone|iPad|iPod|BlackBerry|Android|Samsung|Galaxy|Huawei|Xiaomi|Nokia|Windows Phone|Smartphone|mobile"
    r"|Handy|téléphone|móvil|Outlook|Yahoo Mail|Proton ?Mail|Gmail|BlueMail|K-9 Mail|FairEmail|TypeMail)[^.,]{0,40}$"
)
MOBILE = tuple(  # (pattern, example)
    (re.compile(pattern, re.IGNORECASE), example)
    for pattern, example in (
        (r"Sent from my (?:[\w'-]{1,20} ){0,5}[\w'-]{1,20}$", "Sent from my Verizon Wireless BlackBerry"),
        (rf"Sent (?:from|via|with|using) {_PHONE}", "Sent from Outlook for Android"),
        (r"Get Outlook for (?:iOS|Android)\b.{0,60}$", "Get Outlook for iOS"),
        (
            rf"(?:Von meinem|Gesendet (?:von|mit|aus)|Diese Nachricht wurde von meinem) {_PHONE}",
            "Von meinem iPhone gesendet",
        ),
        (rf"Envoyée? (?:de|depuis|à partir de) {_PHONE}", "Envoyé de mon iPhone"),
        (rf"Enviad[oa] (?:desde|do|de|a partir do) {_PHONE}", "Enviado desde mi iPhone"),
        (rf"Inviato da(?:l|lla)? {_PHONE}", "Inviato da iPhone"),
        (rf"(?:Verstuurd|Verzonden) vanaf {_PHONE}", "Verstuurd vanaf mijn iPhone"),
        (rf"(?:Skickat från|Sendt fra) {_PHONE}", "Skickat från min iPhone"),
        (rf"(?:Wysłan[eo] z|Odesláno z|Odoslané z|Poslano z) {_PHONE}", "Wysłane z iPhone'a"),
        (rf"Lähetetty {_PHONE}", "Lähetetty iPhonesta"),
        (rf"(?:Отправлено с|Надіслано з|Trimis de pe|Στάλθηκε από το|Elküldve az) {_PHONE}", "Отправлено с iPhone"),
        (rf"(?:发自我的|從我的|发自|寄自我的){_PHONE}", "发自我的iPhone"),
        (r"[^.,]{0,20}(?:iPhone|iPad|Android)\s?(?:から送信|에서 보냄|'?umdan gönderildi).{0,10}$", "iPhoneから送信"),
    )
)

# ---- footers of lists

FOOTERS = tuple(  # (pattern of the line that gives it away, example)
    (re.compile(pattern, re.IGNORECASE), example)
    for pattern, example in (
        (r"You (?:received|are receiving|receive) this (?:message|e-?mail|because)\b",
         'You received this message because you are subscribed to the Google Groups "ops" group.'),
        (r"\S{1,60} mailing list(?: --.{0,100})?$", "Ops mailing list -- ops@example.org"),
        (r"(?:To|If you .{0,40}) unsubscribe(?: from|,| send| e-?mail|:| or)", "To unsubscribe from this group, send email to …"),
        (r"(?:Groups\.io Links:|Yahoo! Groups Links|Visit your group|Posted by:)", "Groups.io Links: You receive all messages."),
        (r"Reply to this e-?mail directly(?:,| or)", "Reply to this email directly or view it on GitHub"),
        (r"Visit Topic or reply to this email", "Visit Topic or reply to this email to respond."),
        (r"https?://\S{1,200}/(?:listinfo|lists)/\S{1,100}$", "https://lists.example.org/mailman/listinfo/ops"),
    )
)  # fmt: skip
MOBILE_LINE = re.compile("|".join(f"(?:{p.pattern})" for p, _ in MOBILE), re.IGNORECASE)
_PHONES = frozenset(("se", "ge", "vo", "di", "en", "in", "ve", "po"))  # with which those begin that are ASCII


def is_mobile(line: str) -> bool:
    """Whether a telephone wrote the line."""
    return _may_be_one(line, _PHONES) and MOBILE_LINE.match(line) is not None


def _may_be_one(line: str, begins: frozenset[str]) -> bool:
    """A cheap first question to a line that one of many patterns may match."""
    return line[:2].lower() in begins or not line.isascii()


def _begins(pairs: Iterable[str]) -> frozenset[str]:
    """With the same in capitals."""
    return frozenset(a + b for pair in pairs for a in (pair[0], pair[0].upper()) for b in (pair[1], pair[1].upper()))


BEGINS = _begins(_PHONES | _STARTS)  # of lines in ASCII that may be a field or a telephone's
_INTRODUCE = BEGINS | _begins({*_FORWARDED, "qu", "zi", "ci"})
FOOTER_LINE = re.compile("|".join(f"(?:{p.pattern})" for p, _ in FOOTERS), re.IGNORECASE)
FOOTER_RULE = re.compile(r"(?:_{5,}|-{2,} ?|—|={5,}|#{5,}|-|~{5,}|(?:-=){5,}-?|[-~]{5,}|__\._,_\.___)\s*$")
LONG_RULE = re.compile(r"(?:_{5,}|-{20,}|={20,}|#{20,})\s*$")
CONTACT = re.compile(r"https?://|www\.|@|(?<!\d)\+?\(?\d{2,4}[) .\-/]{1,2}\d{2,4}[ .\-/]?\d{2,5}(?!\d)")
