"""What machines write: words and shapes of bounces, auto-replies and monitoring systems. The rows that use them: ``kinds``.

Law: plain words only, each list in the languages it was met in; every pattern is tried on a bounded piece of lower-case text.
"""

from __future__ import annotations

import re


def _any(*rows: str, before: str = "", after: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(rows)}){after}")


DAEMON = _any(
    r"\bmailer[-_. ]?daemon\b",
)
POSTMAN = _any(
    r"\bpostmaster|\bmail[-_. ]?(?:delivery|deliver|administrator|system)\b|\bdelivery (?:sub)?system",
    r"\bsystem administrator|\bmdaemon|\bmailadm|\bimss\b|\binetgw|\bndr@|\bsmtp\b",
    r"smtp[-_ ](?:mail|gateway)|antivirus|jetmail|\bmta\b|\bbounces?@",
)
FAILED_SUBJECT = _any(
    r"undeliver|non[- ]?deliver|returned mail|return(?:ing|ed) (?:message )?to sender",
    r"\bdelivery[\w ()]{0,30}(?:status|notification|fail\w*|problem|report|warning|delay\w*|error)",
    r"\bfail(?:ed|ure)[\w ]{0,20}(?:mail|delivery|notice)",
    r"\bmail[\w -]{0,20}(?:error|failed|failure|not delivered|warning)|could not be delivered",
    r"not (?:yet )?been delivered|\bprocessing error|\bmessage (?:[\w-]{1,30} )?delayed|\bdelayed mail",
    r"user unknown|rejected mail|unzustellbar|konnte nicht zugestellt|zustellung fehlgeschlagen|non remis",
    r"échec de (?:la )?remise|non recensé|no (?:se )?(?:ha podido|pudo) entregar|mancata consegna",
    r"não (?:foi )?entregue|onbestelbaar|niet bezorgd|kunde inte levereras|не доставлено|недоставленное",
    r"无法投递|邮件传输失败|退信|配信(?:不能|エラー)|邮件发送失败",
)
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
    r"automatic reply|auto(?:mated)?[- ]?(?:reply|response|responder)|automatische antwort",
    r"automatische abwesenheitsnotiz|abwesenheitsnotiz|abwesenheitsnachricht|réponse automatique",
    r"message d'absence|respuesta automática|risposta automatica|resposta automática|automatisch antwoord",
    r"afwezigheidsbericht|automatiskt svar|automatisk svar|autosvar|automaattinen vastaus",
    r"automatyczna odpowiedź|autoodpowiedź|automatická odpověď|automatikus válasz|răspuns automat",
    r"автоматический ответ|автоответ|автоматична відповідь|αυτόματη απάντηση|otomatik yanıt|自动回复|自動回覆|自動応答",
    r"자동 회신|out of office autoreply|vacation (?:reply|message))(?:\W|$",
    before=r"(?:re: ?)?",
)
AWAY_SUBJECT = _any(  # people write these too
    r"auto:|out of (?:the )?office|out-of-office|ooo\b|away from|on vacation|on leave|vacation|abwesen",
    r"urlaub|nicht im (?:büro|haus)|absen(?:ce|t)|en congés|fuera de (?:la )?oficina|ausen(?:te|cia)",
    r"ausência|fuori (?:sede|ufficio)|assenza|afwezig|frånvaro|poissa|fravær|nieobecno|nepřítomn|вне офиса",
    r"отсутств|不在",
    before=r"(?:re: ?)?",
)
AWAY_TEXT = _any(
    r"\bi(?:'m| am| will be| shall be) (?:currently |now |presently )?"
    r"(?:out of|away|on (?:annual |sick |parental )?(?:leave|vacation|holiday)|travelling)",
    r"limited access to (?:my )?e-?mail",
    r"(?:will|shall) (?:return|be back|respond|reply)[^.]{0,60}(?:return|back|on|when)",
    r"automat(?:ic|ed) (?:reply|response)",
    r"bin (?:derzeit |zur zeit |momentan |vom |ab |bis )?(?:[^.]|\d\.){0,60}"
    r"(?:nicht (?:im|erreichbar|am)|abwesend|im urlaub|außer haus)",
    r"e-?mails? (?:werden|wird) nicht (?:weitergeleitet|gelesen)",
    r"je (?:suis|serai) (?:actuellement )?(?:absent|en cong)|estoy (?:fuera|de vacaciones|ausente)",
    r"estar[eé] (?:fuera|ausente)|estou (?:ausente|de férias|fora)|sono (?:assente|fuori|in ferie)",
    r"ben (?:ik )?(?:afwezig|niet aanwezig|met vakantie)|jestem nieobecn|nejsem přítom|нахожусь в отпуске",
    r"буду отсутствовать|我(?:正在)?休假|不在にして",
)
MONITOR = _any(  # the local part of an address
    r"nagios|naemon|icinga2?|zabbix|alert-?manager|grafana|prometheus|monitor(?:ing|s)?|alert(?:s|ing|a)?",
    r"alarms?|pager-?duty|opsgenie|uptime-?robot|uptime|status-?page|pingdom|datadog|sensu|monit|munin",
    r"netdata|check-?mk|cmk|librenms|observium|prtg|healthchecks|statuscake|cloudwatch|new-?relic|splunk",
    r"sentry|kapacitor|victorops|betteruptime|site24x7|watchdog|probes?|smartd|mdadm",
    after=r"(?:[-_.+]?\d{0,3}|[-_.+].{0,40})",
)
MONITOR_DOMAIN = _any(
    r"pagerduty\.com|uptimerobot\.com|statuspage\.io|pingdom\.com|datadoghq\.(?:com|eu)|opsgenie\.net",
    r"grafana\.(?:com|net)|healthchecks\.io|statuscake\.com|sns\.amazonaws\.com|newrelic\.com|sentry\.io",
    r"betterstack\.com|site24x7\.com|victorops\.com",
    before=r"(?:^|\.)",
    after=r"$",
)
STATE = _any(
    r"problem|recovery|recovered|firing|resolved|critical|crit|warning|warn|ok|down|up|alert(?:ing)?|alarm",
    r"triggered|incident|investigating|identified|monitoring|maintenance|degraded|outage|unreachable",
    r"acknowledg\w*|no data|failed|failure|error|threshold|test",
    before=r"\b",
    after=r"\b",
)
ALERT_SUBJECT = _any(  # shapes that only machines write
    r"\*\* ?(?:problem|recovery|acknowledgement|flapping\w*|downtime\w*|custom|host|service)\b.{0,250}\*\*",
    r"\[firing:\d+\]|\[resolved:\d+\]",
    r"\[(?:problem|recovery)\] .{0,150} is (?:critical|warning|unknown|down|ok|up)\b",
    r"monitor is (?:down|up):|(?:down|up) alert: .{0,150} is (?:down|up)\b|\[alerting\] ",
    r"\[(?:monitor alert|p[1-5])\] (?:\[?triggered|\[?recovered|\[?warn)",
    r"\[(?:triggered|recovered)(?: on \{[^}]{0,100}\})?\] |alarm: .{0,150} in (?:eu|us|ap|sa|ca) |check_mk: ",
    r"monit alert --|munin::|smart error \(|(?:degradedarray|fail|failspare) event on /dev/md",
)
