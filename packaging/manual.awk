# What doxygen reads in place of a header: a section is a group, the first comment a page, and each line of its contents an item of
# a list.
NR == 1 && $0 == "/*" {
    print FILENAME ~ /jobring\.h$/ ? "/** @mainpage" : "/** @file"
    next
}
/^\/\* ---- .* -+ \*\/$/ {
    title = $0
    gsub(/^\/\* -+ | -+ \*\/$/, "", title)
    if (group++) print "/** @} */"
    name = FILENAME
    gsub(/.*\/|[^a-z_]/, "", name)
    printf "/** @defgroup %s_%02d %s\n * @{ */\n", name, group, title
    next
}
/^ \* [A-Z][A-Z ]+$/ {
    contents = $2 == "CONTENTS"
    print " * ## " substr($0, 4, 1) tolower(substr($0, 5))
    next
}
# The text up to column 28 is the task, up to the next gap the function.
contents && /^ \* .* jobring_/ {
    task = substr($0, 4, 25)
    sub(/ +$/, "", task)
    if (task != "") print " * - **" task "**"
    print " *   - " $(split(task, words, " ") + 2) "(): " substr($0, index($0, "jobring_") + match(substr($0, index($0, "jobring_")), / +/) + RLENGTH - 1)
    next
}
/^ \*\/$/ { contents = 0 }
# A structure is documented where it is defined.
/^typedef struct [a-z_]+ [a-z_]+;$/ && before !~ /\*\/$|^typedef/ { before = $0; next }
/^typedef struct [a-z_]+ [a-z_]+;$/ && before !~ /^\/\*\*/ { next }
{ print; before = $0 }
END { if (group) print "/** @} */" }
