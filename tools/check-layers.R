# Calls go down only (see inst/DESIGN.md): for C++ proved from the #include lines, for R from the calls between files, whose prefix
# is their room. Prints every call or include that goes up and fails if there is one.
#   Rscript tools/check-layers.R [ROOT]
arguments <- commandArgs(trailingOnly = TRUE)
root <- if (length(arguments)) arguments[1] else "."

# ---- C++: a room may include itself and the rooms above it in this list
cpp_rooms <- c("core", "kernels", "graph", "ops", "train", "exports")

# Headers that R itself owns: only exports may see them.
r_headers <- "^(Rcpp|R|Rinternals|RcppEigen|Rmath|R_ext/.*)([.]h)?$"

# ---- R: file prefixes from the bottom up; a whole file name (without .R) goes before its prefix. Prefixes of one room may call each other.
r_rooms <- list(
  base = c("conditions", "shape", "callable", "layer-arguments", "layer-shape", "k-config", "reexport", "RcppExports"),
  # One room: a tensor's operators are ops, and ops take tensors.
  tensor = c("tensor", "variable", "program", "op"),
  parts = c("activation", "initializer", "regularizer", "constraint"),
  # Symbolic tensors and the nodes between them belong to the layers that make them.
  layer = c("layer", "model-graph"),
  model = "model",
  data = c("data", "io-numpy", "io-download"),
  train = c("loss", "metric", "optimizer", "callback", "train"),
  # Models in files: their layers, losses, metrics and optimizers.
  io = c("io", "callback-checkpoint"),
  # The backend functions are for users; only the settings of k-config.R are asked for below.
  backend = c("k", "tf", "conv", "class"),
  applications = "application",
  tabular = "tabular",
  package = c("keratin", "zzz")  # what happens when the package is built and loaded
)

# Functions of an upper room that any room may call, each with its reason.
doors <- c(
  serialize_keras_object = "the configuration of an object holds those of the objects it uses: one serializer for every room",
  deserialize_keras_object = "as above",
  serialize_function = "as above",
  deserialize_function = "as above",
  find_custom_object = "names that a user registered stand for objects of every room",
  keras_tensor_op = "an op applied to a symbolic Keras tensor becomes a layer of the graph",
  keras_tensor_shape = "tensor_shape() answers for symbolic Keras tensors too",
  Model = "a class of new_model_class() inherits from Model as one of new_layer_class() does from Layer",
  metric_mean = "add_metric() of a layer keeps a mean",
  tensor_key = "which symbolic tensor is meant, in the table of a functional model",
  put_in_place = "a file is written beside the old one and then takes its place",
  check_connected = "the loss of a functional model must hang on its inputs",
  is_layer = "a layer may stand where an activation's name is expected",
  is_model = "create_layer() appends to a Sequential"
)

# Files that may call a room above them.
forwards <- c(
  "model.R -> train" = "compile(), fit() ... are methods of the class Model, but live in train-*.R",
  "model.R -> io" = "as are save() and load_weights(), in io-*.R",
  "model-json.R -> io" = "the reader of configurations is that of model files"
)

problems <- character()
report <- function(...) problems <<- c(problems, paste0(...))

# ---------------------------------------------------------------- C++
sources <- list.files(file.path(root, "src"), "[.](h|hpp|cpp|def)$", recursive = TRUE)
cpp_room <- function(path) {
  room <- strsplit(path, "/", fixed = TRUE)[[1]]
  if (length(room) == 1) "exports" else room[1]
}
for (source in sources) {
  room <- cpp_room(source)
  level <- match(room, cpp_rooms)
  if (is.na(level)) {
    report("src/", source, ": the folder '", room, "' is no room of DESIGN")
    next
  }
  lines <- readLines(file.path(root, "src", source), warn = FALSE)
  at <- grep("^[[:space:]]*#[[:space:]]*include", lines)
  for (i in at) {
    header <- sub("^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]([^>\"]+)[>\"].*", "\\1", lines[i])
    if (room != "exports" && grepl(r_headers, header)) report("src/", source, ":", i, ": R's header ", header, " in src/", room)
    beside <- file.path(dirname(source), header)
    target <- if (grepl("\"", lines[i]) && file.exists(file.path(root, "src", beside))) beside else header
    if (!file.exists(file.path(root, "src", target))) next
    parts <- strsplit(target, "/", fixed = TRUE)[[1]]
    while (any(up <- parts == "..")) parts <- parts[-(which(up)[1] - 0:1)]
    target_room <- cpp_room(paste(setdiff(parts, "."), collapse = "/"))
    if (match(target_room, cpp_rooms) > level) {
      report("src/", source, ":", i, ": ", room, " includes ", header, " of ", target_room, ", a room above it")
    }
  }
}

# ---------------------------------------------------------------- R
files <- list.files(file.path(root, "R"), "[.][Rr]$")
level_of_prefix <- unlist(lapply(seq_along(r_rooms), function(i) stats::setNames(rep(i, length(r_rooms[[i]])), r_rooms[[i]])))
level_of <- function(file) {
  stem <- sub("[.][Rr]$", "", file)
  level_of_prefix[c(stem[stem %in% names(level_of_prefix)], sub("-.*", "", stem))[1]]
}
is_placed <- !is.na(vapply(files, level_of, 0L))
for (file in files[!is_placed]) report("R/", file, ": its prefix is no room of tools/check-layers.R")
files <- files[is_placed]

# Per file: the names it defines at top level, and the functions and classes it uses (calls `f(...)`, `inherit = Class`, `Class$new`),
# local names left out.
read_uses <- function(file) {
  tokens <- utils::getParseData(parse(file.path(root, "R", file), keep.source = TRUE), includeText = TRUE)
  tokens <- tokens[tokens$terminal & tokens$token != "COMMENT", ]
  expressions <- parse(file.path(root, "R", file))
  defined <- unlist(lapply(expressions,
                           function(e) if (is.call(e) && as.character(e[[1]])[1] %in% c("<-", "=") && !is.call(e[[2]])) as.character(e[[2]])))
  n <- nrow(tokens)
  before <- c("", tokens$token[-n])
  after <- c(tokens$token[-1], "")
  called <- tokens$token == "SYMBOL_FUNCTION_CALL" & !before %in% c("'$'", "'@'", "NS_GET", "NS_GET_INT")
  class_use <- tokens$token == "SYMBOL" & (c("", utils::head(tokens$text, -1)) == "=" & c("", "", utils::head(tokens$text, -2)) == "inherit" | after == "'$'" & c(tokens$text[-(1:2)], "", "") == "new")
  local <- c(tokens$text[tokens$token == "SYMBOL_FORMALS"], tokens$text[tokens$token == "SYMBOL" & after %in% c("LEFT_ASSIGN", "EQ_ASSIGN")])
  used <- tokens[called | class_use, c("text", "line1")]
  list(defined = defined, used = used[!used$text %in% setdiff(local, defined), ])
}
facts <- stats::setNames(lapply(files, read_uses), files)
home <- unlist(lapply(files, function(file) stats::setNames(rep(file, length(facts[[file]]$defined)), facts[[file]]$defined)))
for (name in unique(names(home)[duplicated(names(home))])) {
  report("R: ", name, "() is defined in ", paste(unique(home[names(home) == name]), collapse = " and "))
}
for (file in files) {
  used <- facts[[file]]$used
  for (i in seq_len(nrow(used))) {
    target <- home[used$text[i]]
    if (is.na(target) || level_of(target) <= level_of(file) || used$text[i] %in% names(doors)) next
    if (paste(file, "->", sub("[-.].*", "", target)) %in% names(forwards)) next
    report("R/", file, ":", used$line1[i], ": calls ", used$text[i], "() of R/", target, ", a room above it")
  }
}
all_used <- unlist(lapply(facts, function(file) file$used$text))
for (door in setdiff(names(doors), all_used)) report("tools/check-layers.R: nobody calls ", door, "() any more, which is listed as a door")

if (length(problems)) {
  writeLines(problems)
  cat(length(problems), "calls or includes go up\n")
  quit(status = 1)
}
cat(length(sources), "C++ files and", length(files), "R files: calls go down only\n")
