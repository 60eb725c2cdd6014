# SPDX-FileCopyrightText: 2026 the bruisd authors
# SPDX-License-Identifier: EUPL-1.2
# The verbs of `bruisd --help`, for bruisd(8): a line `  bruisd VERB ARGUMENTS`, and below it what it does.
/^  bruisd / {
    verb = $2
    arguments = substr($0, index($0, verb) + length(verb)) # with the blank before them
    sub(/ $/, "", arguments)
    gsub(/-/, "\\-", arguments)
    printf ".TP\n\\fBbruisd %s\\fR%s\n", verb, arguments
    described = 1
    next
}
described {
    sub(/^ +/, "")
    gsub(/-/, "\\-")
    printf "%s.\n", $0
    described = 0
}
