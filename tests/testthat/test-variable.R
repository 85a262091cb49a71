new_variable <- internal("new_variable")
assign_variable <- internal("variable_assign")

test_that("a variable holds its value, and what was read before an assignment keeps the old one", {
  v <- new_variable(matrix(1:6 / 4, 2), "w")
  before <- internal("variable_read")(v)
  assign_variable(v, matrix(0, 2, 3))
  expect_equal(as.array(v), matrix(0, 2, 3))
  expect_equal(as.array(before), matrix(1:6 / 4, 2))
  expect_identical(v$name, "w:0")
})

test_that("a value of another shape is refused and changes nothing", {
  v <- new_variable(matrix(1, 2, 3), "w")
  expect_error(assign_variable(v, matrix(0, 3, 2)), class = "keratin_error")
  expect_equal(as.array(v), matrix(1, 2, 3))
})

test_that("a variable goes through a file into another process and computes there", {
  v <- new_variable(matrix(1:6 / 8, 2), "w")
  got <- in_new_process("list(value = as.array(v), double = as.array(v * 2), name = v$name,
    assigned = { v$assign(matrix(9, 2, 3)); as.array(v) })", v = v)
  expect_identical(got$value, matrix(1:6 / 8, 2))
  expect_identical(got$double, matrix(1:6 / 4, 2))
  expect_identical(got$name, "w:0")
  expect_identical(got$assigned, matrix(9, 2, 3))
})

test_that("a copy read back in the same session has memory of its own", {
  v <- new_variable(1:3 / 2, "w")
  copy <- unserialize(serialize(v, NULL))
  assign_variable(v, c(0, 0, 0))
  expect_equal(as.vector(as.array(copy)), 1:3 / 2)
})
