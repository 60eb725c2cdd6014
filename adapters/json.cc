/* SPDX-FileCopyrightText: 2026 the bruisd authors
 * SPDX-License-Identifier: EUPL-1.2
 */
/* Only calls of simdjson that give an error code are used, and memory comes from new (nothrow): no exception
 * can start here. A value of the C face is an element of simdjson by its bits (asserted below). */
#include "adapters/json.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

#include <simdjson.h>

namespace dom = simdjson::dom;

/* Memory of a parser that grew past this for one large message is given back at the next small one. */
static constexpr size_t kept_capacity = size_t{1} << 20;

struct br_json {
    std::unique_ptr<dom::parser> parser;
};

template <typename To, typename From> static To bits_of(const From &from) noexcept
{
    static_assert(sizeof(To) == sizeof(From), "one is kept in the other");
    static_assert(std::is_trivially_copyable<To>::value && std::is_trivially_copyable<From>::value,
                  "copied byte by byte");
    To to;
    std::memcpy(static_cast<void *>(&to), &from, sizeof to);
    return to;
}

static br_json_value absent() noexcept
{
    return {nullptr, 0};
}

static br_json_value value_of(simdjson::simdjson_result<dom::element> result) noexcept
{
    dom::element element;
    return result.get(element) == simdjson::SUCCESS ? bits_of<br_json_value>(element) : absent();
}

/* False for the absent value, and for another type. */
template <typename T> static bool read(br_json_value value, T &to) noexcept
{
    return value.document && bits_of<dom::element>(value).get(to) == simdjson::SUCCESS;
}

br_json *br_json_open(void)
{
    std::unique_ptr<br_json> json(new (std::nothrow) br_json);
    if (!json)
        return nullptr;
    json->parser.reset(new (std::nothrow) dom::parser);
    return json->parser ? json.release() : nullptr;
}

void br_json_close(br_json *json)
{
    delete json;
}

static br_view without_mark(br_view text) noexcept
{
    if (text.size >= 3 && std::memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        return {text.data + 3, text.size - 3};
    return text;
}

static const char *text_of(simdjson::error_code error) noexcept
{
    switch (error) {
    case simdjson::MEMALLOC:
        return "out of memory";
    case simdjson::CAPACITY:
        return "the document is too large";
    case simdjson::EMPTY:
        return "empty";
    case simdjson::DEPTH_ERROR:
        return "nested too deep";
    case simdjson::UTF8_ERROR:
        return "not UTF-8";
    case simdjson::NUMBER_ERROR:
        return "a number that is none, or beyond 64 bits";
    case simdjson::STRING_ERROR:
    case simdjson::UNESCAPED_CHARS:
        return "a string with a bad escape or a control character";
    case simdjson::UNCLOSED_STRING:
        return "a string without an end";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
        return "a word that is none of true, false, null";
    default:
        return "not well-formed, or cut short";
    }
}

bool br_json_parse(br_json *json, br_view text, br_json_value *root, const char **error)
{
    *root = absent();
    br_view body = without_mark(text);
    if (json->parser->capacity() > kept_capacity && body.size < kept_capacity / 4) {
        std::unique_ptr<dom::parser> fresh(new (std::nothrow) dom::parser);
        if (fresh)
            json->parser = std::move(fresh);
    }
    dom::element element;
    simdjson::error_code code = json->parser->parse(body.data, body.size, false).get(element);
    if (code != simdjson::SUCCESS) {
        *error = text_of(code);
        return false;
    }
    *root = bits_of<br_json_value>(element);
    return true;
}

enum br_json_type br_json_type(br_json_value value)
{
    if (!value.document)
        return BR_JSON_ABSENT;
    switch (bits_of<dom::element>(value).type()) {
    case dom::element_type::ARRAY:
        return BR_JSON_ARRAY;
    case dom::element_type::OBJECT:
        return BR_JSON_OBJECT;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
        return BR_JSON_NUMBER;
    case dom::element_type::STRING:
        return BR_JSON_STRING;
    case dom::element_type::BOOL:
        return BR_JSON_BOOL;
    case dom::element_type::NULL_VALUE:
        return BR_JSON_NULL;
    }
    return BR_JSON_ABSENT;
}

br_json_value br_json_get(br_json_value object, const char *key)
{
    dom::object members;
    return read(object, members) ? value_of(members.at_key(key)) : absent();
}

br_json_value br_json_get_any_case(br_json_value object, const char *key)
{
    dom::object members;
    return read(object, members) ? value_of(members.at_key_case_insensitive(key)) : absent();
}

/* Whether a key is what a pointer's token means: ~1 stands for /, ~0 for ~. */
static bool token_is(std::string_view token, std::string_view key) noexcept
{
    size_t k = 0;
    for (size_t t = 0; t < token.size(); t++, k++) {
        char meant = token[t];
        if (meant == '~' && t + 1 < token.size())
            meant = token[++t] == '1' ? '/' : '~';
        if (k >= key.size() || key[k] != meant)
            return false;
    }
    return k == key.size();
}

static br_json_value member(dom::object members, std::string_view token) noexcept
{
    if (token.find('~') == std::string_view::npos)
        return value_of(members.at_key(token));
    for (dom::key_value_pair field : members)
        if (token_is(token, field.key))
            return bits_of<br_json_value>(field.value);
    return absent();
}

/* An index has no sign and no zero in front (RFC 6901 section 4); nine digits are more than any document
 * holds. */
static br_json_value item(dom::array array, std::string_view token) noexcept
{
    if (token.empty() || token.size() > 9 || (token.size() > 1 && token[0] == '0'))
        return absent();
    size_t index = 0;
    for (char digit : token) {
        if (digit < '0' || digit > '9')
            return absent();
        index = index * 10 + static_cast<size_t>(digit - '0');
    }
    return value_of(array.at(index));
}

br_json_value br_json_at(br_json_value value, const char *pointer)
{
    std::string_view rest(pointer);
    while (!rest.empty() && value.document) {
        std::string_view token = rest.substr(1, rest.find('/', 1) - 1);
        rest.remove_prefix(1 + token.size());
        dom::object members;
        dom::array array;
        if (read(value, members))
            value = member(members, token);
        else
            value = read(value, array) ? item(array, token) : absent();
    }
    return value;
}

const char *br_json_pointer_fault(const char *pointer)
{
    if (pointer[0] != '\0' && pointer[0] != '/')
        return "does not begin with /";
    for (const char *tilde = std::strchr(pointer, '~'); tilde; tilde = std::strchr(tilde + 1, '~'))
        if (tilde[1] != '0' && tilde[1] != '1')
            return "has a ~ that is neither ~0 (for ~) nor ~1 (for /)";
    return nullptr;
}

br_json_list br_json_list_of(br_json_value value)
{
    dom::array array;
    if (!read(value, array))
        return {absent(), absent()};
    return {bits_of<br_json_value>(array.begin()), bits_of<br_json_value>(array.end())};
}

bool br_json_list_next(br_json_list *list, br_json_value *element)
{
    if (!list->next.document || list->next.at == list->end.at)
        return false;
    auto at = bits_of<dom::array::iterator>(list->next);
    *element = bits_of<br_json_value>(*at);
    list->next = bits_of<br_json_value>(++at);
    return true;
}

bool br_json_number(br_json_value value, double *number)
{
    return read(value, *number);
}

bool br_json_integer(br_json_value value, int64_t *integer)
{
    if (read(value, *integer))
        return true;
    double number;
    constexpr double exact_max = 9007199254740992.0; /* 2^53 */
    if (!read(value, number) || std::fabs(number) > exact_max || std::trunc(number) != number)
        return false;
    *integer = static_cast<int64_t>(number);
    return true;
}

bool br_json_bool(br_json_value value, bool *flag)
{
    return read(value, *flag);
}

bool br_json_string(br_json_value value, br_view *text)
{
    std::string_view view;
    if (!read(value, view))
        return false;
    *text = {view.data(), view.size()};
    return true;
}

bool br_json_holds_document(br_json_value value)
{
    std::string_view text;
    if (!read(value, text))
        return false;
    constexpr const char *blanks = " \t\r\n";
    size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos)
        return false;
    char last = text[text.find_last_not_of(blanks)];
    return (text[first] == '{' && last == '}') || (text[first] == '[' && last == ']');
}
