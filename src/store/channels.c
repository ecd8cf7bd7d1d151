#include "store/channels.h"

#include "base/json.h"
#include "base/str.h"

#include <string.h>

/* One of the two constants, or NULL. */
static const char *roles_named(const char *text)
{
    if (kol_streq(text, KOL_CUSTOMER_FIRST))
        return KOL_CUSTOMER_FIRST;
    return kol_streq(text, KOL_AGENT_FIRST) ? KOL_AGENT_FIRST : NULL;
}

static json_t *read_map(const char *text)
{
    json_t *map = NULL;

    if (kol_str_empty(text) || kol_json_parse(text, strlen(text), &map, NULL) != KOL_OK)
        return NULL;
    return map;
}

static const char *roles_at(const json_t *map, const char *source, const char *direction)
{
    char key[96];

    if (!direction)
        return NULL;
    if (!source)
        return roles_named(kol_json_get_str(map, direction));
    snprintf(key, sizeof(key), "%s/%s", source, direction);
    return roles_named(kol_json_get_str(map, key));
}

const char *kol_channel_roles(const struct kol_conf *conf, const char *channel_map,
                              const char *source, const char *direction)
{
    KOL_JSON map = read_map(channel_map);
    const char *own = roles_at(map, source ? source : "", direction);

    if (!own)
        own = roles_at(map, NULL, direction);
    if (own)
        return own;
    switch ((enum kol_channel_map)conf->channel_map) {
    case KOL_CHANNELS_AGENT_CUSTOMER:
        return KOL_AGENT_FIRST;
    case KOL_CHANNELS_CUSTOMER_AGENT:
        return KOL_CUSTOMER_FIRST;
    case KOL_CHANNELS_AUTO:
        break;
    }
    /* SIP trunks record our own side first; all other sources the caller's, or the callee of an
     * outbound call. Source: docs/twilio.md, "Channels". */
    return kol_streq(source, "Trunking") ? KOL_AGENT_FIRST : KOL_CUSTOMER_FIRST;
}

const char *kol_track_role(const char *channel_map, const char *direction, bool outbound_track)
{
    KOL_JSON map = read_map(channel_map);
    const bool swapped = kol_streq(roles_at(map, "realtime", direction), KOL_AGENT_FIRST);

    return outbound_track == swapped ? "customer" : "agent";
}

static bool is_key(const char *key)
{
    const char *slash = strchr(key, '/'), *direction = slash ? slash + 1 : key;

    return slash != key && (kol_streq(direction, "inbound") || kol_streq(direction, "outbound"));
}

enum kol_code kol_channel_map_check(const char *channel_map, struct kol_err *err)
{
    KOL_JSON map = NULL;
    const char *key;
    json_t *value;

    if (kol_str_empty(channel_map))
        return KOL_OK;
    if (kol_json_parse(channel_map, strlen(channel_map), &map, err) != KOL_OK ||
        !json_is_object(map))
        return kol_fail(err, KOL_BAD_INPUT,
                        "a channel map is JSON such as {\"inbound\":\"customer,agent\"}");
    json_object_foreach(map, key, value)
    {
        if (!is_key(key))
            return kol_fail(err, KOL_BAD_INPUT,
                            "channel map: '%.40s' is no key; they are inbound, outbound, or with a "
                            "source before them, such as DialVerb/inbound or realtime/outbound",
                            key);
        if (!roles_named(json_string_value(value)))
            return kol_fail(err, KOL_BAD_INPUT,
                            "channel map: '%.40s' is \"customer,agent\" or \"agent,customer\"",
                            key);
    }
    return KOL_OK;
}

const char *kol_channel_map_with(struct kol_arena *a, const char *channel_map, const char *key,
                                 const char *roles)
{
    KOL_JSON map = read_map(channel_map);

    if (!json_is_object(map)) {
        json_decref(map);
        map = json_object();
    }
    kol_json_set_str(map, key, roles);
    return kol_json_text(a, map);
}
