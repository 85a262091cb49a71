test_that("keratin() tells the kinds of outcome apart and predicts each", {
  set.seed(1)
  flowers <- keratin(Species ~ ., data = iris, hidden_units = 8, epochs = 40)
  expect_identical(flowers$kind, "multiclass")
  class <- predict(flowers, iris, type = "class")
  expect_identical(levels(class), levels(iris$Species))
  expect_gt(mean(class == iris$Species), 0.9)
  probability <- predict(flowers, iris, type = "prob")
  expect_identical(colnames(probability), levels(iris$Species))
  expect_equal(unname(rowSums(probability)), rep(1, 150), tolerance = 1e-5)

  binary <- keratin(am ~ wt + hp, data = transform(mtcars, am = am == 1), hidden_units = 4, epochs = 20)
  p <- predict(binary, mtcars)
  expect_equal(p, predict(binary, mtcars, type = "prob")[, "TRUE"])
  expect_identical(unname(predict(binary, mtcars, type = "class")), factor(unname(p) > 0.5, c(FALSE, TRUE)))

  numbers <- keratin(cbind(mpg, hp) ~ wt, mtcars, epochs = 2)
  expect_identical(dimnames(predict(numbers, mtcars[1:2, ])), list(rownames(mtcars)[1:2], c("mpg", "hp")))
  expect_error(predict(numbers, mtcars, type = "class"), "fitted as numbers", class = "keratin_error_argument")
})

test_that("a regression is scaled there and back, and learns a line", {
  set.seed(2)
  d <- data.frame(x = seq(100, 200, length.out = 64))
  d$y <- 5000 + 30 * d$x
  line <- keratin(y ~ x, d, hidden_units = NULL, epochs = 60, learning_rate = 0.1)
  expect_lt(max(abs(residuals(line))), 10)
  expect_equal(unname(predict(line, data.frame(x = 150))), 9500, tolerance = 1e-3)
  expect_equal(unname(fitted(line)), unname(predict(line, d)))
  expect_identical(nobs(line), 64L)
  expect_identical(formula(line), y ~ x, ignore_formula_env = TRUE)
})

test_that("an offset is added to numbers, log odds and the logarithms of counts, as glm() does", {
  set.seed(5)
  d <- data.frame(x = rnorm(200), e = runif(200, 1, 20))
  d$number <- 100 + 3 * d$x + 7 * d$e
  d$class <- runif(200) < plogis(0.3 + d$x + log(d$e) - 2)
  d$count <- rpois(200, d$e * exp(0.5 + 0.8 * d$x))
  linear <- function(formula, ...) keratin(formula, d, hidden_units = 0, epochs = 150, learning_rate = 0.05, batch_size = 50, ...)
  fit <- linear(number ~ x + offset(7 * e))
  expect_equal(unname(predict(fit, data.frame(x = 0, e = c(1, 11)))), c(107, 177), tolerance = 1e-2)
  expect_equal(predict(fit, d), fitted(fit))
  by_class <- linear(class ~ x + offset(log(e)))
  expect_lt(max(abs(predict(by_class, d) - fitted(glm(class ~ x + offset(log(e)), binomial, d)))), 0.02)
  by_count <- linear(count ~ x + offset(log(e)), loss = "poisson")
  expect_lt(max(abs(fitted(by_count) / fitted(glm(count ~ x + offset(log(e)), poisson, d)) - 1)), 0.05)
  expect_equal(predict(by_count, data.frame(x = 0, e = 8))[[1]], 4 * predict(by_count, data.frame(x = 0, e = 2))[[1]], tolerance = 1e-5)
  expect_true(is.na(predict(by_count, data.frame(x = 0, e = NA))))
  expect_error(predict(by_count, data.frame(x = 0)), "\"e\"", class = "keratin_error_argument")
  expect_error(keratin(Species ~ Sepal.Width + offset(Petal.Width), iris), "3 classes", class = "keratin_error_argument")
  expect_error(keratin(mpg ~ wt + offset(factor(cyl)), mtcars), "factor", class = "keratin_error_argument")
  expect_error(keratin(I(mpg - 20) ~ wt, mtcars, loss = "poisson"), "at least 0", class = "keratin_error_argument")
})

test_that("levels, contrasts and the basis of a formula are those of the fit", {
  fit <- keratin(mpg ~ poly(hp, 2) + factor(cyl) + wt:factor(gear), mtcars, epochs = 2)
  expect_equal(unname(predict(fit, mtcars[5:7, ])), unname(fitted(fit)[5:7]), tolerance = 1e-5)
  sums <- keratin(mpg ~ gear, transform(mtcars, gear = factor(gear)), contrasts = list(gear = "contr.sum"), epochs = 1)
  expect_identical(sums$encoder$columns, c("gear1", "gear2"))
  expect_silent(predict(sums, data.frame(gear = "5")))
})

test_that("data frames and matrices are predictors too", {
  set.seed(3)
  x <- transform(mtcars[c("wt", "cyl")], cyl = factor(cyl))
  by_frame <- keratin(x, mtcars$mpg, epochs = 2)
  set.seed(3)
  by_formula <- keratin(mpg ~ wt + cyl, transform(mtcars, cyl = factor(cyl)), epochs = 2)
  expect_equal(fitted(by_frame), fitted(by_formula))
  m <- keratin(as.matrix(iris[1:4]), iris$Species, epochs = 1)
  expect_length(predict(m, as.matrix(iris[1:3, 1:4]), type = "class"), 3L)
  expect_error(keratin(iris[1:4], 1:3), "150 rows", class = "keratin_error_shape")
})

test_that("the fit survives a file", {
  fit <- keratin(Species ~ Sepal.Width, iris, epochs = 1)
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), iris[1:3, ], type = "prob"), predict(fit, iris[1:3, ], type = "prob"))
})

test_that("missing values, unseen levels and missing columns are told by name", {
  d <- data.frame(a = c(1, 2, NA, 4, 5, 6), b = c("x", "y", "x", NA, "y", "x"))
  expect_message(fit <- keratin(a ~ b, d, epochs = 1), "2 of 6 rows.*a, b")
  expect_identical(fit$n, 4L)
  expect_error(keratin(a ~ b, d, na.action = na.fail), "2 rows have missing values", class = "keratin_error_argument")
  expect_error(predict(fit, data.frame(b = "z")), "\"z\".*Known: \"x\", \"y\"", class = "keratin_error_argument")
  expect_identical(unname(predict(fit, data.frame(b = c("z", NA)), unseen = "na")), c(NA_real_, NA_real_))
  expect_error(predict(fit, data.frame(c = 1)), "lacks the column \"b\"", class = "keratin_error_argument")
  number <- keratin(mpg ~ wt, mtcars, epochs = 1)
  expect_error(predict(number, data.frame(wt = "3")), "was numeric.*character", class = "keratin_error_argument")
  expect_error(keratin(mpg ~ nope, mtcars), "no column \"nope\"", class = "keratin_error_argument")
  expect_error(keratin(mpg ~ wt, mtcars, hiden_units = 3), "hiden_units", class = "keratin_error_argument")
  expect_error(keratin(a ~ b, data.frame(a = c("k", "k"), b = 1:2)), "same class", class = "keratin_error_argument")
  expect_error(keratin(~wt, mtcars), "no outcome", class = "keratin_error_argument")
})

test_that("held-out rows, patience, weights and an own network", {
  set.seed(4)
  fit <- keratin(mpg ~ wt + hp, mtcars, hidden_units = 4, epochs = 200, validation = 0.25, patience = 2, weights = hp, learning_rate = 0.5)
  expect_identical(fit$held_out, 8L)
  expect_lt(length(fit$history$metrics$val_loss), 200)
  own <- keratin(mpg ~ wt + hp, mtcars, network = function(x) layer_dense(x, units = 7, activation = "tanh"), epochs = 1)
  expect_equal(count_params(own$model), 3 * 7 + 8)
  expect_output(print(own), "2 - own - 1")
  expect_output(print(summary(fit)), "Residuals")
})

# parsnip is not everywhere: a table that takes what it is given shows what would be entered.
test_that("the parsnip engine is entered once for both modes", {
  entered <- list()
  note <- function(what) function(...) entered[[length(entered) + 1L]] <<- c(what = what, list(...))
  fake <- list2env(list(get_from_env = function(...) list(engine = character()), set_model_engine = note("engine"),
                        set_dependency = note("dependency"),
                        set_model_arg = note("arg"), set_fit = note("fit"), set_encoding = note("encoding"), set_pred = note("pred")))
  enter_parsnip_engine(fake)
  expect_identical(table(vapply(entered, `[[`, "", "what"))[["pred"]], 5L)
  prediction <- Filter(function(e) e$what == "pred" && e$type == "prob", entered)[[1L]]$value
  object <- list(fit = keratin(x = iris[1:4], y = iris$Species, weights = NULL, hidden_units = 3, epochs = 1), lvl = levels(iris$Species))
  new_data <- iris[1:2, 1:4]
  raw <- do.call(prediction$func[["fun"]], lapply(prediction$args, eval, environment()))
  expect_named(prediction$post(raw, object), levels(iris$Species))
  fake$get_from_env <- function(...) list(engine = "keratin")
  before <- length(entered)
  enter_parsnip_engine(fake)
  expect_length(entered, before)
})

test_that("parsnip fits and predicts with the engine", {
  skip_if_not_installed("parsnip")
  spec <- parsnip::set_mode(parsnip::set_engine(parsnip::mlp(hidden_units = 4, epochs = 2), "keratin"), "classification")
  fit <- parsnip::fit(spec, Species ~ ., data = iris)
  expect_named(predict(fit, iris[1:2, ], type = "prob"), paste0(".pred_", levels(iris$Species)))
})
