/*
 * city_rules.h - every rule that gives a named town points, in one table. Private to this folder.
 *
 * bench/understand/weigh.py fits the points to all labelled calls and says whether its own do
 * better on calls they have not seen.
 */
#ifndef KOL_UNDERSTAND_CITY_RULES_H
#define KOL_UNDERSTAND_CITY_RULES_H

/* X(rule, points, what it says of the town) */
/* clang-format off */
#define KOL_CITY_RULES(X) \
    X(SAID_BY_CALLER, 2.5, "the caller names it") \
    X(SAID_BY_AGENT, 1, "the business names it") \
    X(GREETING, -0.5, "the business names it as it picks up") \
    X(AGENTS_BASE, -2, "the business says that it is there") \
    X(THEY_LIVE_THERE, 3, "the one the call is for lives there") \
    X(ASKED_AFTER_CALLER, -5, "\"and where are you?\", of a call for another") \
    X(STILL_THERE, 1.5, "\"are you still in …?\" \"yes\"") \
    X(BESIDE_OTHERS_TOPIC, 0.5, "beside the trouble of others") \
    X(CALLERS_OWN, -3.5, "where the caller is, of a call for others") \
    X(BESIDE_TOPIC, 1, "beside the trouble") \
    X(COVERED, 2, "\"do you come to …?\"") \
    X(PROPERTY, 1, "a holiday flat, a new house") \
    X(EVENT, 3, "the event is there") \
    X(NOW, 1, "now") \
    X(OF_RELATIVE, -2, "a relative is spoken of") \
    X(STUDIES, -2, "somebody studies there") \
    X(PAST, -3.5, "it was so once") \
    X(REFERRED, -5, "whoever told of the business") \
    X(ASKED_BACK, -5, "\"why …?\"") \
    X(BOUGHT_THERE, -3.5, "something was bought there") \
    X(BILLING_BEFORE, -5, "the invoice goes there") \
    X(TRAVEL, -3, "on the way there") \
    X(MOVES_THERE, 2, "the old or the new home that the work is for") \
    X(COMES_FROM, -3, "comes from there") \
    X(GOES_TO, -3.5, "goes there") \
    X(ELSEWHERE, -4, "where the business is, where the car is to be brought") \
    X(OTHERS_DO, -3, "somebody else's doings") \
    X(SOMEBODY_SAID, -3, "\"the form says …\"") \
    X(WRITE_IT_DOWN, 2, "\"put down …\"") \
    X(NEAR, -4, "near it") \
    X(OTHER_FIRM, -4, "another firm, or work of the past") \
    X(WORK, 1.5, "the house, the need, the work") \
    X(END_OF_ROAD, -4.5, "from … to …") \
    X(BILLING_AFTER, -4, "\"… for the invoice\"") \
    X(RELATIVE_AFTER, -3.5, "\"in … lives my son\"") \
    X(THATS_WHERE, 2, "\"… and there I need\"") \
    X(WANTED_THERE, 5, "\"…, and I need someone there\"")                                               \
    X(LIVES_ELSEWHERE, -2, "from there, living in another")                                               \
    X(PAST_AFTER, -4, "\"… until last year\"") \
    X(AT_WORK, -3, "\"in … at work\"") \
    X(BUT_AFTER, -1.5, "\"…, but the house\"") \
    X(ANOTHER_ANSWERED, -3, "\"in …?\" and another town is the answer") \
    X(CONFIRMED, 3.5, "\"in …?\" \"yes\"") \
    X(ANSWERED_NO, -4, "\"in …?\" \"no\"") \
    X(MADE_WHOLE, -6, "the business says the longer name") \
    X(MAKES_WHOLE, 3, "the longer name of what the caller said") \
    X(AGENTS_COUNTER, 4, "\"no, …\" says the business") \
    X(COUNTER, 3, "\"no, …\"") \
    X(ALONE, 1.5, "all there is between two commas") \
    X(BARE_LATIN, -0.7, "no preposition") \
    X(OTHER_PREFIX, -2, "\"the …\", \"that …\"") \
    X(REPEATS_DENIED, -4, "\"is it in …?\" \"no, I am in …, but\"") \
    X(DENIED, -8, "\"not …\"") \
    X(CORRECTED, 3, "\"sorry, …\"") \
    X(UNDONE, -4, "taken back") \
    X(CHOSEN, 2.5, "\"then …\", of those offered") \
    X(HALF_HEARD, -3, "the beginning of a longer name that follows") \
    X(OUTDONE, -3, "\"…, but\" another") \
    X(QUARTER, -3, "a part of the larger town beside it") \
    X(QUARTER_IN, -2, "… \"in …, in …\"") \
    X(LIVES, -1.6, "somebody lives there") \
    X(RELATIVE_LIVES, -4, "a relative lives there") \
    X(IN, 1.5, "in") \
    X(TO, 1, "to") \
    X(FROM, 0.2, "from") \
    X(NEXT_TO, -2.5, "beside") \
    X(ASKED, 4, "the answer to \"where?\"") \
    X(ASKED_WHENCE, 1.5, "the answer to \"where are you calling from?\"") \
    X(BRANCH, 2.5, "\"your … office\"") \
    X(ADJECTIVE, -2.5, "\"a … number\"") \
    X(ABROAD, -3, "not in Israel, of a Hebrew call") \
    X(OTHER_COUNTRY, -1, "not in the business's country")
/* clang-format on */

enum kol_city_rule {
#define RULE(id, points, what) KOL_CITY_##id,
    KOL_CITY_RULES(RULE)
#undef RULE
        KOL_CITY_RULE_COUNT
};

#endif
