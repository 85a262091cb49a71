# TensorFlow checkpoints: PREFIX.index, a sorted table that says where each array lies in PREFIX.data-00000-of-00001, and in it the graph of
# objects that leads from the model to the arrays ("layer_with_weights-0" -> "kernel"). SavedModel folders keep their variables so, too.

bundle_dtypes <- c(float32 = 1, float64 = 2, int32 = 3, int64 = 9, bool = 10)
object_graph_key <- "_CHECKPOINTABLE_OBJECT_GRAPH"
checkpoint_limit <- 256 * 1024^2   # bytes of an index; arrays are as large as the model says

# The prefix of the checkpoint that a path means, or NULL: the prefix itself, its index, a SavedModel, or a folder with a `checkpoint` file.
checkpoint_prefix <- function(path) {
  if (file.exists(paste0(path, ".index"))) return(path)
  if (grepl("\\.index$", path) && file.exists(path)) return(sub("\\.index$", "", path))
  if (!dir.exists(path)) return(NULL)
  if (file.exists(file.path(path, "variables", "variables.index"))) return(file.path(path, "variables", "variables"))
  listing <- file.path(path, "checkpoint")
  if (!file.exists(listing) || file.size(listing) > 1e6) return(NULL)
  line <- grep("^model_checkpoint_path:", readLines(listing, warn = FALSE), value = TRUE)
  if (!length(line)) return(NULL)
  latest <- file.path(path, basename(gsub('^[^"]*"|"[^"]*$', "", line[1L])))
  if (file.exists(paste0(latest, ".index"))) latest
}

# ---- reading

read_bundle <- function(prefix) {
  index <- paste0(prefix, ".index")
  if (file.size(index) > checkpoint_limit) abort_file("\"", index, "\" has ", file.size(index), " bytes; at most ", checkpoint_limit, " are read")
  entries <- in_file(index, table_read(readBin(index, "raw", file.size(index))))
  at <- match("", names(entries))
  header <- if (is.na(at)) abort_file("\"", index, "\" has no header") else pb_read(entries[[at]])
  if (pb_first_number(header, 2L) != 0) abort_file("\"", index, "\" was written on a machine of another byte order, which is not read")
  bundle <- list(prefix = prefix, shards = pb_first_number(header, 1L), entries = entries)
  bundle$nodes <- in_file(index, pb_all(pb_read(bundle_text(bundle, object_graph_key)), 1L))
  bundle
}

bundle_entry <- function(bundle, key) {
  bytes <- bundle$entries[[key]]
  if (is.null(bytes)) return(NULL)
  entry <- pb_read(bytes)
  sizes <- vapply(pb_all(pb_read(pb_first_bytes(entry, 2L)), 2L), function(dim) pb_first_number(pb_read(dim), 1L), 0)
  shard <- pb_first_number(entry, 3L)
  if (length(pb_all(entry, 7L))) abort_file("\"", key, "\" is stored in slices, which are not read")
  if (shard < 0 || shard >= bundle$shards || any(sizes < 0)) abort_file("\"", bundle$prefix, ".index\" is damaged at \"", key, "\"")
  structure(list(key = key, dtype = pb_first_number(entry, 1L), sizes = sizes, offset = pb_first_number(entry, 4L),
                 bytes = pb_first_number(entry, 5L),
                 crc = pb_first_number(entry, 6L), path = sprintf("%s.data-%05.0f-of-%05.0f", bundle$prefix, shard, bundle$shards)),
                 class = "bundle_entry")
}

check_bundle_entry <- function(entry, what) {
  dtype <- names(bundle_dtypes)[match(entry$dtype, bundle_dtypes)]
  if (is.na(dtype)) abort_file(what, " does not hold numbers that are read (type ", entry$dtype, " of TensorFlow)")
  if (entry$bytes != prod(entry$sizes, if (dtype == "bool") 1 else if (dtype %in% c("float64", "int64")) 8 else 4)) {
    abort_file(what, ": its bytes do not fit its shape")
  }
  entry$dtype <- dtype
  entry
}

bundle_tensor <- function(entry, dims, dtype) {
  if (entry$dtype == "bool") {
    values <- tensor(as.logical(as.integer(bundle_bytes(entry))))
    return(op_cast(op_reshape(values, dims), dtype))
  }
  if (!file.exists(entry$path)) abort_file("\"", entry$path, "\" is missing")
  found <- tensor_from_file(path.expand(entry$path), entry$offset, entry$dtype, dims)
  if (entry$crc %% 2^32 != masked_crc32c(list(tensor_bytes(found)))) {
    abort_file("\"", entry$path, "\" is damaged: the checksum of \"", entry$key, "\" does not agree")
  }
  if (entry$dtype == dtype) found else op_cast(found, dtype)
}

bundle_bytes <- function(entry) {
  if (!file.exists(entry$path)) abort_file("\"", entry$path, "\" is missing")
  if (entry$bytes > checkpoint_limit || entry$bytes < 0 || entry$offset < 0 || entry$offset + entry$bytes > file.size(entry$path))
    abort_file("\"", entry$path, "\" is cut short: \"", entry$key, "\" is not there")
  file <- file(entry$path, "rb")
  on.exit(close(file))
  seek(file, entry$offset)
  readBin(file, "raw", entry$bytes)
}

# One text: its length, the checksum of the length, and the bytes.
bundle_text <- function(bundle, key) {
  entry <- bundle_entry(bundle, key)
  if (is.null(entry)) abort_file("\"", bundle$prefix, ".index\" has no graph of objects: it was not written by Keras")
  if (entry$dtype != 7 || length(entry$sizes)) abort_file("\"", bundle$prefix, ".index\" is damaged at \"", key, "\"")
  bytes <- bundle_bytes(entry)
  length_bytes <- match(TRUE, as.integer(bytes[seq_len(min(10L, length(bytes)))]) < 128L)
  if (is.na(length_bytes)) abort_file("\"", entry$path, "\" is damaged at \"", key, "\"")
  text <- bytes[-seq_len(min(length_bytes + 4L, length(bytes)))]
  count <- sum((as.integer(bytes[seq_len(length_bytes)]) %% 128) * 128^(seq_len(length_bytes) - 1L))
  crc <- masked_crc32c(list(little_endian(count, 4L), bytes[length_bytes + 1:4], text))
  if (count != length(text) || crc != entry$crc %% 2^32) abort_file("\"", entry$path, "\" is damaged: the checksum of \"", key, "\" does not agree")
  text
}

# Nodes of the graph count from 0; NULL where there is none.
graph_node <- function(bundle, id) {
  if (is.null(id) || id < 0 || id >= length(bundle$nodes) || !is.raw(bundle$nodes[[id + 1]])) return(NULL)
  node <- pb_read(bundle$nodes[[id + 1]])
  children <- lapply(pb_all(node, 1L), pb_read)
  list(children = setNames(vapply(children, pb_first_number, 0, id = 1L), vapply(children, pb_first_string, "", id = 2L)),
       attributes = pb_all(node, 2L))
}
graph_step <- function(bundle, node, name) {
  if (is.null(node) || is.na(node$children[name])) return(NULL)
  graph_node(bundle, node$children[[name]])
}
graph_walk <- function(bundle, path, node = graph_node(bundle, 0)) {
  for (name in strsplit(path, "/", fixed = TRUE)[[1L]]) node <- graph_step(bundle, node, name)
  node
}
node_entry <- function(bundle, node) {
  for (attribute in lapply(node$attributes, pb_read)) {
    if (pb_first_string(attribute, 1L) == "VARIABLE_VALUE") return(bundle_entry(bundle, pb_first_string(attribute, 3L)))
  }
  NULL
}

plan_bundle <- function(bundle, model, skip_mismatch = FALSE, root = "") {
  plans <- list()
  for (place in tf_places(model, root)) if (length(place$variables)) {
    node <- graph_walk(bundle, place$path)
    for (variable in place$variables) {
      what <- paste0('layer "', place$name, '": the weight "', short_name(variable), '"')
      entry <- node_entry(bundle, graph_step(bundle, node, short_name(variable)))
      if (is.null(entry)) {
        if (!isTRUE(skip_mismatch)) abort_file(what, " is not in the checkpoint \"", bundle$prefix, "\"")
        warning("Skipping loading of ", what, ": it is not in the checkpoint", call. = FALSE)
        next
      }
      plan <- planned(variable, entry, what)
      if (plan$fits) plans[[length(plans) + 1L]] <- plan
      else if (isTRUE(skip_mismatch)) warning("Skipping loading of ", what, ": other shape", call. = FALSE)
      else shape_mismatch(plan)
    }
  }
  plans
}

plan_bundle_optimizer <- function(bundle, model) {
  optimizer <- built_optimizer(model)
  node <- graph_walk(bundle, "optimizer")
  stored <- graph_step(bundle, node, "_variables")
  if (is.null(optimizer) || is.null(stored) || !is.function(optimizer$variables)) return(list())
  keys <- grep("^[0-9]{1,9}$", names(stored$children), value = TRUE)
  keys <- keys[order(as.integer(keys))]
  entries <- lapply(keys, function(key) node_entry(bundle, graph_step(bundle, stored, key)))
  if (any(vapply(entries, is.null, NA))) return(list())
  rate <- node_entry(bundle, graph_step(bundle, node, "_learning_rate"))
  plans <- plan_optimizer(optimizer, entries, keys, optimizer$variables(), keras3 = FALSE)
  if (length(plans) && !is.null(rate) && is_variable(optimizer$learning_rate)) {
    plans <- c(plans, list(planned(optimizer$learning_rate, rate, "the learning rate")))
  }
  plans
}

# The last part of a variable's name, which is that of the Python attribute that holds it.
short_name <- function(variable) sub(":0$", "", sub("^.*/", "", .subset2(variable, "name")))

# As v3_places(), with the names that checkpoints have for the layers of a model.
tf_places <- function(model, root = "") v3_places(model, root, naming = list(
  model = function(layers) paste0("layer_with_weights-", cumsum(vapply(layers, function(layer) length(layer_weights(layer)) > 0L, NA)) - 1L),
  list = function(layers, name) paste0(name, "/", seq_along(layers) - 1L)))

# ---- writing

write_checkpoint <- function(prefix, model) {
  optimizer <- if (is.function(model$optimizer$variables)) built_optimizer(model)
  arrays <- list()
  for (place in tf_places(model)) {
    for (variable in place$variables) arrays[[paste(c(if (nzchar(place$path)) place$path, short_name(variable)), collapse = "/")]] <- variable
  }
  if (!is.null(optimizer)) {
    state <- optimizer$variables()
    for (i in seq_along(state)) arrays[[if (i == 1L) "optimizer/_iterations" else paste0("optimizer/_variables/", i - 1L)]] <- state[[i]]
    if (is_variable(optimizer$learning_rate)) arrays[["optimizer/_learning_rate"]] <- optimizer$learning_rate
  }
  graph <- object_graph(arrays)
  keys <- setNames(names(arrays), paste0(names(arrays), "/.ATTRIBUTES/VARIABLE_VALUE"))
  keys <- c(keys, setNames(object_graph_key, object_graph_key))
  keys <- keys[order(names(keys), method = "radix")]
  entries <- list(c(pb_whole(1L, 1), pb_message(3L, pb_whole(1L, 1))))
  write_data <- function(path) {
    file <- file(path, "wb")
    on.exit(close(file))
    offset <- 0
    for (key in names(keys)) {
      if (key == object_graph_key) stored <- stored_text(graph) else {
        variable <- arrays[[keys[[key]]]]
        bytes <- tensor_bytes(variable)
        stored <- list(dtype = bundle_dtypes[[tensor_dtype(variable)]], sizes = tensor_shape(variable), bytes = bytes,
                       crc = masked_crc32c(list(bytes)))
      }
      write_whole(file, stored$bytes)
      shape <- unlist(lapply(stored$sizes, function(size) pb_message(2L, pb_whole(1L, size))))
      entries[[length(entries) + 1L]] <<- c(pb_whole(1L, stored$dtype), pb_bytes(2L, if (length(shape)) shape else raw()),
                                            if (offset > 0) pb_whole(4L, offset),
                                            pb_whole(5L, length(stored$bytes)), pb_fixed32(6L, stored$crc))
      offset <- offset + length(stored$bytes)
    }
  }
  write_in_place(paste0(prefix, c(".data-00000-of-00001", ".index")), function(partial) {
    write_data(partial[1L])
    write_bytes(partial[2L], table_write(c("", names(keys)), entries))
  })
  write_in_place(file.path(dirname(prefix), "checkpoint"), function(partial)
    write_text(partial, c(sprintf("%s: \"%s\"", c("model_checkpoint_path", "all_model_checkpoint_paths"), basename(prefix)), "")))
}

stored_text <- function(bytes) {
  length_bytes <- little_endian(length(bytes), 4L)
  check <- little_endian(masked_crc32c(list(length_bytes)), 4L)
  list(dtype = 7, sizes = numeric(), bytes = c(pb_varint(length(bytes)), check, bytes), crc = masked_crc32c(list(length_bytes, check, bytes)))
}

# The tree of the arrays' paths, as TensorFlow's TrackableObjectGraph. The first of the optimizer's variables has two names.
object_graph <- function(arrays) {
  names_of <- ""             # of the nodes; node 0 is the model
  children <- list(character())
  for (path in names(arrays)) {
    parts <- strsplit(path, "/", fixed = TRUE)[[1L]]
    for (i in seq_along(parts)) {
      here <- paste(parts[seq_len(i)], collapse = "/")
      if (here %in% names_of) next
      above <- match(paste(parts[seq_len(i - 1L)], collapse = "/"), names_of)
      names_of <- c(names_of, here)
      children <- c(children, list(character()))
      children[[above]] <- c(children[[above]], setNames(as.character(length(names_of) - 1L), parts[i]))
    }
  }
  list_at <- match("optimizer/_variables", names_of)
  if (!is.na(list_at)) children[[list_at]] <- c("0" = as.character(match("optimizer/_iterations", names_of) - 1L), children[[list_at]])
  unlist(Map(function(name, below) {
    variable <- arrays[[name]]
    pb_message(1L, unlist(Map(function(child, id) pb_message(1L, if (id != "0") pb_whole(1L, as.numeric(id)), pb_string(2L, child)), names(below),
                              below)),
               if (!is.null(variable)) pb_message(2L, pb_string(1L, "VARIABLE_VALUE"), pb_string(2L, sub(":0$", "", .subset2(variable, "name"))),
                                                  pb_string(3L, paste0(name, "/.ATTRIBUTES/VARIABLE_VALUE"))),
               pb_message(5L, pb_whole(1L, as.numeric(!is.null(variable)))))
  }, names_of, children), use.names = FALSE)
}
