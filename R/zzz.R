# The last file to be read. R6 puts copies of its own functions into every generator, and the package has 200 of them: without the one that no class
# of
# ours uses (none is cloneable) the package is built half a minute sooner and is smaller. Runs when the package is built.
for (object in mget(ls())) {
  if (inherits(object, "R6ClassGenerator") && !isTRUE(object$cloneable)) rm("clone_method", envir = object)
}
rm(object)
