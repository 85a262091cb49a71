# Holds the installed package against the exports of R keras 2.15 (tools/keras-2.15-signatures.txt) and writes inst/extdata/exports.csv:
# each export with the arguments it has there, whether it is present with the same names, order and defaults, its manual page and the
# files of tests/testthat/ that call it. Fails if an export is missing, differs, or is not tested.
#   Rscript tools/exports-table.R            (after R CMD INSTALL .)
suppressPackageStartupMessages(library(keratin))
root <- "."
lines <- grep("^#", readLines(file.path(root, "tools/keras-2.15-signatures.txt")), value = TRUE, invert = TRUE)
export <- ifelse(grepl("^%", lines), sub("^(%[^%]*%).*", "\\1", lines), sub("[(].*", "", lines))
wanted <- substring(lines, nchar(export) + 1L)

signature_text <- function(f) {
  one <- function(name, default) {
    text <- paste(trimws(deparse(default, width.cutoff = 500L)), collapse = " ")
    if (nzchar(text)) paste(name, "=", text) else name
  }
  arguments <- formals(args(f))
  paste0("(", paste(mapply(one, names(arguments), arguments), collapse = ", "), ")")
}
# Written the same way, whatever the blanks and the package's name before `keras$`.
plain <- function(text) {
  as_function <- function(t) gsub("keratin::keras", "keras", signature_text(eval(parse(text = paste0("function", t, " NULL")))), fixed = TRUE)
  tryCatch(as_function(text), error = function(e) text)
}

rooms <- list.files(file.path(root, "tests/testthat"), "[.]R$", full.names = TRUE)
texts <- lapply(rooms, function(file) {
  tokens <- utils::getParseData(parse(file, keep.source = TRUE))
  unique(c(tokens$text[tokens$token %in% c("SYMBOL_FUNCTION_CALL", "SYMBOL", "SPECIAL")],
           gsub("[\"'`]", "", tokens$text[tokens$token %in% c("STR_CONST", "SYMBOL", "SYMBOL_FUNCTION_CALL")])))
})
names(texts) <- sub("[.]R$", "", sub("^test-", "", basename(rooms)))
manual <- list.files(file.path(root, "man"), "[.]Rd$", full.names = TRUE)
topics <- do.call(rbind, lapply(manual, function(file) {
  alias <- grep("^\\\\alias[{]", readLines(file), value = TRUE)
  data.frame(alias = gsub("\\\\%", "%", sub("^\\\\alias[{](.*)[}]$", "\\1", alias)), page = sub("[.]Rd$", "", basename(file)))
}))

have <- getNamespaceExports("keratin")
present <- export %in% have
identical_arguments <- mapply(function(name, text) {
  if (!name %in% have) return("missing")
  object <- getExportedValue("keratin", name)
  if (!nzchar(text)) return("not stated")
  if (!is.function(object)) return("object")
  if (identical(plain(signature_text(object)), plain(text))) "yes" else paste("no:", signature_text(object))
}, export, wanted)
tested <- vapply(export, function(name) paste(names(texts)[vapply(texts, function(t) name %in% t, NA)], collapse = " "), "")
page <- topics$page[match(export, topics$alias)]
table <- data.frame(export, arguments = sub("^[(](.*)[)]$", "\\1", wanted), present, identical = unname(identical_arguments),
                    manual = ifelse(is.na(page), "", page),
                    tested = unname(tested), row.names = NULL)
table <- table[order(table$export, method = "radix"), ]
write.csv(table, file.path(root, "inst/extdata/exports.csv"), row.names = FALSE, quote = TRUE)
cat(nrow(table), "exports:", sum(table$present), "present,", sum(grepl("^no:|missing", table$identical)), "with other arguments,",
    sum(table$manual == ""), "without a manual page,",
    sum(table$tested == ""), "without a test\n")
fetches <- grepl("^dataset_", table$export)   # data sets that come from the net: their readers are tested, they are not
bad <- !table$present | grepl("^no:|missing", table$identical) | table$tested == "" & !fetches
if (any(bad)) {
  cat(paste0("  ", table$export, ": ", table$identical, ifelse(table$tested == "", ", without a test", ""))[bad], sep = "\n")
  quit(status = 1)
}
