# Group normalization: R keras has no function for it, but model files hold it. Wu & He (2018), https://arxiv.org/abs/1803.08494.

GroupNormalization <- R6::R6Class("GroupNormalization", inherit = BaseLayer, cloneable = FALSE, lock_objects = FALSE,
  public = list(
    keras_class = "keras.layers.normalization.group_normalization.GroupNormalization",
    supports_masking = TRUE,
    groups = NULL, axis = NULL, epsilon = NULL, center = NULL, scale = NULL, gamma = NULL, beta = NULL, weight_arguments = NULL,

    initialize = function(groups = 32, axis = -1, epsilon = 0.001, center = TRUE, scale = TRUE, beta_initializer = "zeros",
                          gamma_initializer = "ones",
                          beta_regularizer = NULL, gamma_regularizer = NULL, beta_constraint = NULL, gamma_constraint = NULL, ...) {
      super$initialize(...)
      self$groups <- as_count(groups, "groups", least = -1L)
      self$axis <- as.integer(axis)
      self$epsilon <- as_number(epsilon, "epsilon", 0)
      self$center <- as_flag(center, "center")
      self$scale <- as_flag(scale, "scale")
      self$weight_arguments <- list(
        gamma = list(initializer = get_initializer(gamma_initializer), regularizer = get_regularizer(gamma_regularizer),
                     constraint = get_constraint(gamma_constraint)),
        beta = list(initializer = get_initializer(beta_initializer), regularizer = get_regularizer(beta_regularizer),
                    constraint = get_constraint(beta_constraint)))
    },

    build = function(input_shape) {
      dims <- as_dims(input_shape)
      channels <- dims[resolve_axes(self$axis, dims) + 1L]
      if (is.na(channels)) abort_shape("the input has shape ", format_shape(dims), ", the normalized axis must be known")
      if (self$groups == -1L) self$groups <- channels
      if (channels %% self$groups != 0L) abort_argument("`groups` (", self$groups, ") must divide the number of channels (", channels, ")")
      if (self$scale) self$gamma <- do.call(self$add_weight, c(list("gamma", channels), self$weight_arguments$gamma))
      if (self$center) self$beta <- do.call(self$add_weight, c(list("beta", channels), self$weight_arguments$beta))
      self$built <- TRUE
    },

    call = function(inputs) {
      dims <- tensor_shape(inputs)
      rank <- length(dims)
      axis <- resolve_axes(self$axis, dims)
      to_last <- c(setdiff(seq_len(rank) - 1L, axis), axis)
      x <- if (axis == rank - 1L) inputs else op_transpose(inputs, to_last)
      sizes <- tensor_shape(x)
      if (sum(is.na(sizes)) > 1L) return(op_identity(inputs))   # only the type is wanted
      channels <- sizes[rank]
      grouped <- op_reshape(x, c(sizes[1L], prod(sizes[-c(1L, rank)]), self$groups, channels %/% self$groups))
      centered <- op_subtract(grouped, op_reduce_mean(grouped, c(1L, 3L), keepdims = TRUE))
      variance <- op_reduce_mean(op_square(centered), c(1L, 3L), keepdims = TRUE)
      y <- op_reshape(op_multiply(centered, op_rsqrt(op_add(variance, self$epsilon))), sizes)
      if (!is.null(self$gamma)) y <- op_multiply(y, self$gamma)
      if (!is.null(self$beta)) y <- op_add(y, self$beta)
      if (axis == rank - 1L) y else op_transpose(y, order(to_last) - 1L)
    },

    get_config = function() {
      of <- function(name) {
        arguments <- self$weight_arguments[[name]]
        setNames(lapply(arguments, serialize_callable), paste0(name, "_", names(arguments)))
      }
      config <- c(of("beta"), of("gamma"))
      c(super$get_config(), list(groups = self$groups, axis = self$axis, epsilon = self$epsilon, center = self$center, scale = self$scale),
        config[c("beta_initializer", "gamma_initializer", "beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint")])
    }
  )
)
