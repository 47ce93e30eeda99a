"""What machines write: words and shapes of bounces, auto-replies and monitoring systems. The rows that use them: ``kinds``.

Law: plain words only, each list in the languages it was met in; every pattern is tried on a bounded piece of ``plain`` text.
A monitoring system whose subjects have a shape is one row in ``alerts``, names and domains too; here are the others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from mailbot.core.alerts import SHAPES

_WIDE = re.compile(r"[^\x00-\x7f]")


def plain(text: str) -> str:
    """Lower-case and without accents: programs write "Réponse" composed, in pieces or without any, and all are one word."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text.casefold())
    for accent in filter(unicodedata.combining, set(_WIDE.findall(text))):
        text = text.replace(accent, "")
    return text


def _any(*rows: str, before: str = "", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{_letters('|'.join(rows))}){after}")


def _letters(pattern: str) -> str:
    """Each letter is made plain by itself: what a pattern has beside them stays as it is."""
    return "".join([c if c.isascii() else plain(c) for c in pattern])


class Phrases:
    """Patterns, each below a word without white space that stands in all of its alternatives: where none of the words does,
    as in nearly all mail, none is tried, nor compiled."""

    def __init__(self, rows: Mapping[str, str], before: str = "") -> None:
        self.rows = {plain(word): f"{before}(?:{_letters(row)})" for word, row in rows.items()}

    def may_stand_in(self, raw: str) -> bool:
        """The first question, of a text that was not made plain yet."""
        low = raw.lower()
        return not raw.isascii() or any(word in low for word in self.rows)

    def stand_in(self, text: str) -> bool:
        return any(word in text and re.search(row, text) is not None for word, row in self.rows.items())


DAEMON = Phrases({
    "daemon": r"\bmailer[-_. ]?daemon\b",
})  # fmt: skip
POSTMAN = Phrases(
    {
        "postmaster": r"\bpostmaster",
        "mail": r"\bmail[-_. ]?(?:delivery|deliver|administrator|system)\b|\bmailadm|jetmail",
        "delivery": r"\bdelivery (?:sub)?system",
        "administrator": r"\bsystem administrator",
        "mdaemon": r"\bmdaemon",
        "imss": r"\bimss\b",
        "inetgw": r"\binetgw",
        "ndr@": r"\bndr@",
        "smtp": r"\bsmtp\b|smtp[-_ ](?:mail|gateway)",
        "antivirus": r"antivirus",
        "mta": r"\bmta\b",
        "bounce": r"\bbounces?@",
    }
)
FAILED_SUBJECT = Phrases({
    "deliver": r"undeliver|non[- ]?deliver|could not be delivered|not (?:yet )?been delivered",
    "delivery": r"\bdelivery[\w ()]{0,30}(?:status|notification|fail\w*|problem|report|warning|delay\w*|error)",
    "return": r"returned mail|return(?:ing|ed) (?:message )?to sender",
    "fail": r"\bfail(?:ed|ure)[\w ]{0,20}(?:mail|delivery|notice)",
    "mail": r"\bmail[\w -]{0,20}(?:error|failed|failure|not delivered|warning)|\bdelayed mail|rejected mail",
    "processing": r"\bprocessing error",
    "delayed": r"\bmessage (?:[\w-]{1,30} )?delayed",
    "unknown": r"user unknown",
    "stell": r"unzustellbar|konnte nicht zugestellt|zustellung fehlgeschlagen",
    "remis": r"non remis|échec de (?:la )?remise",
    "recensé": r"non recensé",
    "entreg": r"no (?:se )?(?:ha podido|pudo) entregar|não (?:foi )?entregue",
    "consegna": r"mancata consegna",
    "onbestelbaar": r"onbestelbaar",
    "bezorgd": r"niet bezorgd",
    "levereras": r"kunde inte levereras",
    "доставлен": r"не доставлено|недоставленное",
    "投递": r"无法投递",
    "失败": r"邮件传输失败|邮件发送失败",
    "退信": r"退信",
    "配信": r"配信(?:不能|エラー)",
})  # fmt: skip
WHOLE_SUBJECT = _any(  # with nothing else in the subject: a person would say more
    r"delivery status notification(?: \(\w+\))?|undeliver(?:ed|able) mail(?: returned to sender)?",
    r"mail delivery (?:warning|failed|failure)",
    r"failure (?:notice|delivery)|delivery (?:failure|report)|returned mail(?:: .{0,100})?|mail system error - returned mail",
    after=r"[.! ]{0,3}$",
)
FAILED_TEXT = _any(
    r"\b(?:your|the|this|a|following) (?:e-?mail |mail )?(?:message|mail|e-?mail)\b[^!?]{0,140}?"
    r"(?:could not be|cannot be|can't be|was not|were not|has not been|not yet been|(?:is|was) undeliverable|"
    r"been (?:rejected|delayed|returned))",
    r"(?:unable|n't able|not able|could not|failed) to deliver|could not deliver|did not (?:reach|receive)",
    r"created automatically by (?:the )?mail|automatically generated delivery|machine generated message",
    r"delivery (?:has |of [^.]{0,60})?failed|failed recipient|permanent fatal|delivery errors",
    r"undeliverable (?:to|address|mail)|original message follows|non-delivery report",
    r"mail(?:box)? (?:is )?full|no such user|user unknown|delivery failure|delivery problems|final delivery",
    r"mail failure|pas pu [eê]tre (?:d[eé]livr|remis)|nicht zugestellt|nicht ausgeliefert",
    r"no pudo ser entregado|no se pudo entregar|n[aã]o p[oô]de ser entregue|не удалось доставить",
    r"не может быть доставлено|无法发送|无法投递|配信できません",
)
OPENS_FAILED = _any(
    r"[\W_]{0,100}(?:your (?:mail |e-?mail )?(?:message|mail|e-?mail)|votre message|ihre (?:nachricht|e-?mail)|su mensaje)\b",
)
RETURN_ADDRESS = _any(  # the local part of a sender that only machines answer, with the token of one mail
    r"(?:bounces?|returns?|return-path|verp|catch-?all|prvs|srs0|srs1)[+=][\w.+=-]{4,}@",
)
ANSWERED_SUBJECT = _any(  # programs write these, people do not
    r"auto(?:mated|matic)?[- ]?(?:reply|response|responder|answer)|out of office auto\w*|vacation (?:reply|message)",
    r"automatische (?:antwort|rückmeldung|abwesenheitsnotiz)|auto-?antwort|abwesenheits(?:notiz|nachricht|assistent|meldung)",
    r"réponse auto\w*|message d.absence|respuesta automática|auto[- ]?respuesta|contestador automático",
    r"mensaje automático|re[sc]posta autom[àá]tica|risposta automatica|automatisch(?:e)? (?:antwoord|reactie|bericht)",
    r"afwezigheids(?:bericht|melding|assistent)|auto(?:matisk(?:t)?)? ?svar|automatisk besvarelse|sjálfvirkt svar",
    r"frånvaro(?:meddelande|assistent)?|fraværs(?:meddelelse|melding|assistent|besked)|automaattinen vastaus|poissaoloilmoitus",
    r"automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|automatická odpov[eě]ď|automatický odgovor",
    r"automatikus válasz|răspuns automat|automatski odgovor|samodejni odgovor|аутоматски одговор|автоматичен отговор",
    r"автоматический ответ|автоответ(?:чик)?|автоматична відповідь|αυτόματη απάντηση|otomatik (?:yanıt|cevap)",
    r"automaatvastus|automātisk[aā] atbilde|automatinis atsakymas|përgjigje automatike|erantzun automatikoa",
    r"trả lời tự động|balasan otomatis|jawapan automatik|ตอบกลับอัตโนมัติ|स्वचालित उत्तर|رد تلقائي|الرد التلقائي|پاسخ خودکار",
    r"(?:תשובה|מענה) אוטומטית?|自动(?:回复|答复|应答)|自動(?:回覆|回復|回信|答覆|返信|応答)(?:メール)?|자동 ?(?:회신|응답)",
    before=r"(?:re: ?)?",
    after=r"(?:\W|$)",
)
AWAY_SUBJECT = _any(  # people write these too
    r"auto:|(?:i am |i'm )?out of (?:the )?office|out-of-office|ooo\b|away\b|(?:\w+ )?(?:vacation|holiday|leave)\b",
    r"abwesen|(?:im )?urlaub|nicht im (?:büro|haus)|außer haus|absen(?:ce|t)|en congés?|en vacances|hors du bureau",
    r"fuera de (?:la )?oficina|ausen(?:te|cia)|de vacaciones|ausência|fora do (?:escritório|gabinete)|(?:de|em) férias",
    r"fuori (?:sede|ufficio)|assen(?:za|te)|in ferie|afwezig|niet (?:op kantoor|aanwezig)|(?:op|met) vakantie",
    r"frånvar|(?:ej|inte) på kontoret|(?:på )?semester|fravær|(?:ikke|ute) (?:på|av) kontoret|(?:på )?ferie|bortrest|bortreist",
    r"poissa|(?:vuosi)?loma|nieobecn|poza biurem|urlop|nepřítomn|neprítomn|mimo (?:kancelář|kanceláriu)|dovolen",
    r"házon kívül|irodán kívül|távollét|szabadság|(?:în )?concediu|în afara biroului|вне офиса|отсутств|в отпуск|отпуск",
    r"відсутн|поза офісом|у відпустці|відпустка|извън офиса|ofis dışı|izin|εκτός γραφείου|απουσία|σε άδεια",
    r"不在|(?:正在)?(?:休假|外出|休暇|出差|度假)|부재|휴가|خارج المكتب|في إجازة|إجازة|מחוץ למשרד|בחופשה|היעדרות",
    before=r"(?:re: ?)?",
)
AWAY_TEXT = _any(
    r"\bi(?:'m| am| will be| shall be) (?:currently |now |presently |away and )?"
    r"(?:out (?:of|till|until)|ooo\b|away|on (?:annual |sick |parental |maternity |paternity )?(?:leave|vacation",
    r"holiday)|travell?ing)",
    r"limited access to (?:my )?e-?mail",
    r"(?:will|shall) (?:return|be back|respond|reply)[^.]{0,60}(?:return|back|on|when)",
    r"automat(?:ic|ed) (?:reply|response)",
    r"\b(?:bin|befinde mich) (?:derzeit |zur zeit |momentan |vom |ab |bis )?(?:[^.]|\d\.){0,60}"
    r"(?:nicht (?:im|erreichbar|am)|abwesend|im urlaub|außer haus)",
    r"e-?mails? (?:werden|wird) nicht (?:weitergeleitet|gelesen)",
    r"je (?:suis|serai) (?:actuellement )?(?:absent|en (?:cong|vacances)|hors d)",
    r"\b(?:estoy|me encuentro) (?:fuera|de vacaciones|ausente)|estar[eé] (?:fuera|ausente|de vacaciones)",
    r"\b(?:estou|encontro-me|estarei) (?:ausente|de férias|em férias|fora)",
    r"\b(?:sono|sarò) (?:assente|fuori|in ferie)",
    r"\bben (?:ik )?(?:\w+ )?(?:afwezig|niet (?:aanwezig|op kantoor)|(?:met|op) vakantie)",
    r"jag är (?:\w+ )?(?:frånvarande|inte på kontoret|på semester|ledig|bortrest)",
    r"jeg (?:er|holder) (?:\w+ )?(?:på ferie|ferie|ikke på kontoret|ute av kontoret|bortreist|fraværende)",
    r"\bolen (?:\w+ )?(?:poissa|lomalla|vuosilomalla)|jestem (?:\w+ )?(?:nieobecn|na urlopie|poza biurem)|przebywam na urlopie",
    r"(?:jsem|som|nejsem|nie som) (?:\w+ )?(?:mimo kancel|na dovolen|přítom|prítom)|szabadságon vagyok",
    r"(?:irodán|házon) kívül vagyok",
    r"sunt (?:\w+ )?(?:în concediu|plecat)|нахожусь в отпуске|\bя (?:\w+ )?в отпуск|буду отсутствовать|меня (?:\w+ )?не будет",
    r"\bя (?:\w+ )?у відпустці|мене (?:\w+ )?не буде|буду відсутн|(?:аз )?съм в отпуск|ofis dışında|izindeyim|izinli",
    r"(?:είμαι|βρίσκομαι) (?:εκτός|σε άδεια)|我(?:目前|现在|正在|將|将)?(?:不在|休假|外出|出差|度假)|正在休假|不在にして",
    r"休暇をいただ",
    r"부재중|휴가 중|خارج المكتب|في إجازة|מחוץ למשרד|בחופשה",
)
THANKS = Phrases(  # for the mail that is answered: how programs begin under a subject that they leave as it was
    {
        "thank": r"thanks? (?:you )?for (?:your|the) (?:e-?mail|message|mail)",
        "dank": r"(?:vielen )?dank für (?:ihre|deine) (?:e-?mail|nachricht|mail)|bedankt voor (?:uw|je) (?:e-?mail|bericht)",
        "merci": r"merci (?:de|pour) votre (?:e-?mail|message|courriel|mail)",
        "gracias": r"gracias por su (?:correo|mensaje|e-?mail)",
        "obrigad": r"obrigad[oa] pel[oa]",
        "grazie": r"grazie per (?:il tuo|la sua|il suo|averci)",
        "tack": r"tack för (?:ditt|ert) (?:mejl|mail|meddelande)",
        "tak": r"tak for din (?:mail|e-?mail|besked)|takk for (?:din|e-?posten|henvendelsen)",
        "kiitos": r"kiitos viestist",
        "dziękuję": r"dziękuję za (?:wiadomość|e-?mail|maila)",
        "děkuji": r"děkuji za (?:váš|zprávu|e-?mail)",
        "спасибо": r"спасибо за (?:ваше )?(?:письмо|сообщение)",
        "дякую": r"дякую за (?:ваш )?(?:лист|повідомлення)",
        "感谢": r"感谢您的(?:来信|邮件)",
    },
    before=r"^[\W_]{0,20}(?:[^\W\d]{2,20}[ ,]{1,2}){0,4}",
)
LIST_SERVER = _any(  # how the address begins of what a list server writes from, in its own name
    r"[^@]{1,60}-(?:bounces|owners?|request|confirm)@|[^@]{1,60}\+(?:noreply|msgappr|bounces|owners?|managers?)@",
    r"(?:mailman(?:-[^@]{1,20})?|listserv|sympa|majordomo|postorius|ezmlm(?:-[^@]{1,20})?)@|no-?reply@googlegroups\.com",
)
LIST_NOTICE = _any(  # in a subject
    r"moderat(?:or|ion|ing)|moderators?.s spam report|mailing list|membership|message pending",
    r"awaits? .{0,20}approval|needs? .{0,20}approval",
    r"requires? approval|has been held|not accepted|genehmigung|moderador|modérat|moderaz|модерат",
)
PRODUCT = _any(  # the local part of an address, or the sender's name, of which no person is called
    *(shape.sender for shape in SHAPES if shape.sender),
    r"status-?page|librenms|observium|kapacitor|victorops|site24x7|smartd|mdadm(?: monitoring)?|hetrixtools|freshping",
    r"new-?relic|buildbot",
    after=r"(?:[-_.+]?\d{0,3}|[-_.+ ].{0,40})",
)
MONITOR = _any(  # the local part of an address
    r"monitor(?:ing|s)?|alert(?:s|ing|a)?|alarms?|uptime|monit|cmk|splunk|sentry|watchdog|probes?|gitlab|ci|cicd|kuma",
    after=r"(?:[-_.+]?\d{0,3}|[-_.+].{0,40})",
)
NOBODY = _any(  # the local part of an address that nobody reads
    r"no[-_.]?reply|do[-_.]?not[-_.]?reply|notifications?|notify|nobody|mailer|automation|cron",
    before=r"(?:.{0,40}[-_.+])?",
    after=r"(?:[-_.+].{0,60})?",
)
MONITOR_DOMAIN = _any(  # where nobody writes from there: people work at these, too
    *(shape.domain for shape in SHAPES if shape.domain),
    r"statuspage\.io|newrelic\.com|sentry\.io|getsentry\.com|site24x7\.com|victorops\.com|freshping\.io|hetrixtools\.com",
    before=r"(?:^|\.)",
    after=r"$",
)
STATE = _any(
    r"problem|recovery|recovered|firing|resolved|critical|crit|warning|warn|ok|down|up|alert(?:ing)?|alarm",
    r"triggered|incident|investigating|identified|monitoring|maintenance|degraded|outage|unreachable",
    r"acknowledg\w*|no data|failed|failure|error|threshold|test|exists?|matched|fixed|succeeded|successful|offline|online",
    before=r"\b",
    after=r"\b",
)
ALERT_TEXT = Phrases({  # what stands in the mails of monitoring systems and in nobody else's
    "alert": r"sent by alertmanager|view in alertmanager|\balertname ?[=:]|view (?:your )?alert rule",
    "source:": r"\bsource: https?://\S{1,200}/graph\?",
    "silence": r"\bsilence(?: url)?: https?://",
    "grafana": r"sent by grafana|grafana v\d",
    "original": r"original problem id: \d",
    "nagios": r"\*{3,5} nagios\b",
    "icinga": r"\*{3,5} icinga\b",
    "zabbix": r"zabbix",
})  # fmt: skip
ALERT_SUBJECT = _any(  # shapes that only machines write
    r"\*\* ?(?:problem|recovery|acknowledgement|flapping\w*|downtime\w*|custom|host|service)\b.{0,250}\*\*",
    r"\[firing:\d+[^\]]{0,30}\]|\[resolved:\d+\]",
    r"\[(?:problem|recovery)\] .{0,150} is (?:critical|warning|unknown|down|ok|up)\b",
    r"(?:problem|recovery|acknowledgement) (?:host|service) (?:alert|notification)\s?[:-] .{0,150} is \w",
    r"(?:[^\w\[]{1,4})?monitor is (?:down|up):|(?:down|up) alert: .{0,150} is (?:down|up)\b|\[alerting\] ",
    r"\[(?:monitor alert|p[1-5])\] (?:\[?triggered|\[?recovered|\[?warn)",
    r"\[(?:triggered|recovered)\] |\[(?:(?:re-)?triggered|recovered|warn|no data) on \{[^}]{0,100}\}\] ",
    r"alarm: .{0,150} in (?:eu|us|ap|sa|ca) |check_mk: |(?:\[[^\]]{1,100}\] )?\[[🔴✅🟢⚠] ?(?:down|up)\]",
    r"monit alert --|munin::|smart error \(|\w{4,30} event on /dev/md",
    r"\S{1,80} (?:needs attention|recovered), \S{1,80} \(",
)
