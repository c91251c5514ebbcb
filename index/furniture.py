"""The words of what surrounds an article on a web page: buttons, menus, consent, comments.

English, German and French. A vocabulary and no more: `index.clean` decides by a line's place
which of these is furniture and which is a heading. All patterns are matched against `key_of` a
whole line.
"""

from __future__ import annotations

import re

__all__ = ["COMMENTS", "CONSENT", "EDGE", "NETWORKS", "SHARE", "SIGN", "TAIL", "WIDGET", "key_of"]


def key_of(line: str) -> str:
    """A line in small letters, without the symbols around it; of a long one, the beginning."""
    return " ".join(re.sub(r"^[\W_]+|[\W_]+$", "", line[:600]).lower().replace("’", "'").split())


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_NETWORK = r"(?:facebook|twitter|x|linkedin|whatsapp|reddit|pinterest|telegram|instagram|tumblr"
_NETWORK += r"|threads|bluesky|mastodon|youtube|messenger|flipboard|xing|e-?mail|print|link"
_NETWORK += r"|copy(?: link)?)"
_SHARING = r"(?:share(?: (?:this|on|via|with))?(?: (?:article|post|story|page))?|teilen|partager)"
_COMMENT = r"(?:comments?|repl(?:y|ies)|responses?|thoughts?|kommentare?|commentaires?)"

NETWORKS = _any(rf"{_NETWORK}(?:[ ,|/·]+(?:and )?{_NETWORK})*")
SHARE = _any(_SHARING)

# What no article says: dropped wherever it stands.
WIDGET = _any(
    # comments
    rf"{_COMMENT} ?\(\d+|\d+ comments?",
    r"(?:no|\d+) comments? yet(?:[.! ]+(?:be the first|write|start).{0,60})?",
    r"be the first to (?:comment|reply|review|share|like)(?: .{0,40})?",
    r"(?:please )?(?:log|sign) ?in(?: or (?:register|sign up|create an account|join))?"
    r" to (?:(?:post|leave|add|write|view) )?(?:an? )?(?:comment|reply|vote)s?(?: .{0,40})?",
    r"you must (?:be (?:logged|signed) in|log in(?: or register)?)"
    r" to (?:comment|reply|vote|(?:post|leave|add) a).{0,40}",
    r"(?:write|leave|add|post|submit) an? (?:comment|reply)(?: cancel reply)?",
    r"(?:load|view|show|see) (?:more|all)(?: \d+)? (?:comments|replies)",
    r"your e-?mail address will not be (?:published|shared).{0,80}|required fields are marked",
    r"save my name,? e-?mail.{0,20}website in this browser.{0,60}",
    r"notify me of (?:new posts|follow-?up comments).{0,30}",
    r"kommentar (?:schreiben|verfassen|hinterlassen|abgeben)|laisser un commentaire",
    r"(?:bitte )?(?:melden sie sich an|loggen sie sich ein),? um (?:.{1,20} )?zu kommentieren",
    r"connectez-vous pour (?:laisser un commentaire|commenter|réagir)",
    # sharing and printing
    r"share(?: (?:this|the))?(?: (?:article|post|story|page|news))?(?: on| via| with)?"
    rf"(?: {_NETWORK}(?:[ ,|/·]+(?:and )?{_NETWORK})*)|share (?:this|the) (?:article|post|story)",
    r"share this page|(?:click|tap) to (?:share|tweet|copy|print|e-?mail)(?: .{0,60})?"
    r"|like loading",
    r"(?:artikel|beitrag) (?:teilen|drucken|merken)|partager (?:cet|l')\s?article.{0,30}",
    # finding the way
    r"(?:skip|jump) to (?:main |primary )?(?:content|navigation|search|footer|recipe)",
    r"(?:back|scroll) to top|zum (?:inhalt|hauptinhalt) springen|(?:zurück )?nach oben",
    r"(?:aller|passer) au (?:contenu|menu)(?: principal)?|haut de page|post navigation",
    r"(?:related(?: \w+)?|(?:also )?read(?: more| next| also)?|lesen sie auch|mehr zum thema"
    r"|lire aussi|à lire (?:aussi|également)) ?: [^.]{3,150}",
    r"(?:was|is) this (?:page|article|answer|post) helpful|edit this page(?: on \w+)?",
    r"(?:did you make|rate) this recipe.{0,60}|read the (?:original|full) (?:article|story|post)",
    # advertisements, credits, newsletters
    r"advertise?ment|anzeige|werbung|publicité|sponsored content|getty images|shutterstock|istock",
    r"(?:photo|image|picture|bild|foto)(?: credits?| source| by|nachweis|quelle) ?:? .{2,60}"
    r"|(?:photo|bild|foto) ?: .{2,40}|(?:photo(?:s|graph[sy])?|illustrations?) by .{2,40}",
    r".{0,80}\bearn (?:an? )?(?:affiliate )?commissions?\b.{0,120}",
    r"(?:story |article )?continues? (?:below|after)(?: this)? (?:the )?(?:advertisement|ad)",
    r"(?:sign up|subscribe)(?: here| now| today)?(?: for free)? (?:for|to) (?:our|the|my) "
    r".{0,60}(?:newsletter|mailing list|channel)(?: .{0,60})?|follow (?:us|me) on .{1,60}",
    r"get .{3,60} (?:delivered )?(?:in|to) your inbox.{0,40}|(?:unseren )?newsletter abonnieren",
    r"(?:inscrivez|abonnez)-vous à (?:notre|la) (?:newsletter|lettre).{0,60}",
    # cookies
    r"(?:we(?: and our .{1,30})?|(?:this|our) (?:web)?site) (?:may )?(?:uses?|stores?|sets?)"
    r" (?:.{1,80} )?cookies\b(?=.*\b(?:you|your|(?:web)?site|traffic|personal)\b).{0,400}",
    r"by (?:continuing|using|clicking) .{0,80}\byou (?:agree|consent) .{0,80}cookies.{0,80}",
    r"(?:accept|reject|allow|decline) all cookies|manage (?:cookies|cookie settings)",
    r"we (?:value|care about|respect) your privacy|alle cookies (?:akzeptieren|ablehnen)",
    r"(?:wir|diese (?:web)?seite|nous|ce site) (?:verwende[nt]|nutz(?:en|t)|utilis(?:ons|e))"
    r" (?:.{1,40} )?cookies\b.{0,300}|(?:tout accepter|tout refuser)",
    # rights
    r"(?:copyright )?(?:\(c\) ?|© ?)?(?:\d{4}.{1,80})?(?:all rights reserved"
    r"|alle rechte vorbehalten|tous droits réservés)",
    r"(?:disclaimer|haftungsausschluss|clause de non-responsabilité) ?[:.–—-] ?.{20,}",
    r"th(?:is|e) (?:article|post|story) (?:was )?(?:originally|first) (?:published|appeared)"
    r" (?:on|at|in) .{3,80}|this (?:article|story) appear(?:s|ed) in .{3,60} (?:edition|issue)"
    r"|our standards: .{3,60}|(?:proudly )?powered by \w+",
    # questions and answers
    r"(?:improve|follow) this (?:question|answer)|highest score \(default|sorted by"
    r"|\d+ answers?|sign up or log in|post as a guest|not the answer you're looking for.{0,200}",
)
# What opens the tail of a page, once the article is over.
TAIL = _any(
    r"(?:related|similar)(?: (?:posts?|articles?|stories|news|content|reading|topics?|links?"
    r"|coverage|threads|questions))?",
    r"you (?:may|might)(?: also)? (?:like|enjoy|be interested in)|you'll also like",
    r"more (?:from|by|on|about|in|stories|news|articles)\b.{0,60}",
    r"recommended(?: (?:for you|reading|articles|posts|stories))?|read (?:more|next|also)",
    r"(?:latest|popular|trending|recent|top|featured|hot)(?: now)?"
    r" (?:news|posts?|articles?|stories|topics|comments|stocks?|tickers)|trending(?: now)?|stocks",
    r"(?:keep|continue) reading|explore more.{0,40}|written by|today's best .{1,20}",
    r"most (?:read|popular|viewed|shared|commented)|editor'?s'? picks?",
    r"about the authors?|author bio|tags|(?:tags?|filed under|categor(?:y|ies)|topics)\s*:.*",
    r"(?:posted|filed) (?:in|under) .{1,200}|tagged(?: with)?:? .{1,150}|your answer",
    r"(?:previous|next|older|newer)(?: (?:posts?|article|story|page))?(?:\s*:.*)?",
    r"leave a reply|(?:comments?|discussion|replies|newsletters?|responses)",
    r"lesen sie auch|mehr zum thema|das könnte sie (?:auch )?interessieren|(?:meist|oft) ?gelesen"
    r"|weitere (?:artikel|meldungen|themen)|verwandte (?:artikel|themen)|schlagwörter.*"
    r"|über (?:den autor|die autorin)|kommentare|impressum",
    r"lire aussi|à lire (?:aussi|également)|sur le même (?:sujet|thème)|les plus (?:lus|lues)"
    r"|articles? (?:liés?|similaires?)|à propos de l'auteure?|commentaires|réagir"
    r"|mentions légales",
)
# Buttons and menu entries: furniture at a page's edges, headings inside an article.
EDGE = _any(
    r"share(?: this)?|tweet|reply|save|bookmark|listen|print|pin|like|report|follow|quote",
    NETWORKS.pattern,
    r"menu|home|search(?: forums)?|login|log ?in|sign ?(?:in|up)|register|my account"
    r"|subscribe(?: .{1,30})?|get started|start(?: page)?|archive",
    r"contact(?: us)?|about(?: us)?|privacy(?: policy)?|terms(?: (?:of|and) .{1,20})?|sitemap",
    r"cookie (?:settings|preferences|policy|notice)|cookies|accept(?: all)?|reject all"
    r"|manage (?:preferences|options)|imprint",
    r"advertise|sponsored|ad|close|submit|(?:show|load|see) more|view all",
    r"(?:enter )?your e-?mail(?: address)?|e-?mail|website|all news|(?:live )?news|live|breaking"
    r"|blog|careers|help|faq|shop|docs|api reference|on this page|forums?|new posts|questions"
    r"|tags|users|add a comment|comment|name|listen to this .{1,20}|reuse this content",
    r"startseite|suche|suchen|anmelden|einloggen|registrieren|abo|abonnieren|teilen|merken"
    r"|drucken|vorlesen|kontakt|impressum|datenschutz(?:erklärung)?|agb|antworten|melden|mehr"
    r"|zur startseite|dpa|afp|reuters",
    r"accueil|rechercher|recherche|se connecter|connexion|s'abonner|s'inscrire|partager|imprimer"
    r"|enregistrer|contact|mentions légales|politique de confidentialité|répondre|signaler",
)
# A consent box's buttons, and what its sentences speak of.
CONSENT = _any(
    r"(?:accept|reject|allow|decline|refuse)(?: all)?|manage (?:options|preferences|choices)"
    r"|(?:cookie|privacy) (?:settings|preferences|policy|notice)|i agree|got it|learn more",
    r"(?:alle )?(?:akzeptieren|ablehnen|annehmen)|einstellungen(?: verwalten)?|zustimmen",
    r"(?:tout )?(?:accepter|refuser)|paramétrer|gérer (?:mes choix|les cookies)|continuer sans.*",
)
# What heads a section of readers' comments.
COMMENTS = _any(
    rf"(?:\d+|one) {_COMMENT}(?: (?:on|to|zu|sur) .{{1,200}})?|{_COMMENT} ?\(\d+\)?",
    r"leave a reply|(?:reader )?comments|responses|(?:leser)?kommentare"
    r"|commentaires(?: des lecteurs)?",
)
# What stands around the posts of a forum.
SIGN = _any(
    r"thread starter .{1,40}|tags .{1,80}|replies: \d+",
    r"(?:well-known |active |new |senior |junior )?member|moderator|administrator",
)
