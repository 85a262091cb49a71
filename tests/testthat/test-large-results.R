# Results of 32 MB and more go to memory another way (src/ops/large_result.h): element for element they are those of their parts.
test_that("large results equal those of their parts", {
  normal <- function(...) call_op("random_normal", list(), list(shape = c(...), dtype = "float32"))
  same <- function(a, b) expect_identical(as.vector(as.array(a)), as.vector(as.array(b)))
  x <- normal(9000007)
  for (part in list(1:1000, 8999000:9000007)) {
    same(call_op("tanh", list(x), list())[part], call_op("tanh", list(x[part]), list()))
    same((x * x)[part], x[part] * x[part])
  }
  small <- normal(3, 1, 5)
  stretched <- call_op("broadcast_to", list(small), list(shape = c(3, 700001, 5)))
  same(stretched[, 700001, ], small[, 1, ])
  same(stretched[2, 333333, ], small[2, 1, ])
  rows <- normal(900001, 10)
  of_largest <- function(x) {
    y <- with_recording(call_op("reduce_max", list(x), list(axes = 1)))
    op_gradients(y, list(x))[[1L]]
  }
  same(of_largest(rows)[899990:900001, ], of_largest(rows[899990:900001, ]))
  along <- function(x, axis) call_op("softmax", list(x), list(axis = axis))
  same(along(rows, -1)[899990:900001, ], along(rows[899990:900001, ], -1))
  lines <- normal(3, 100, 30003)
  same(along(lines, 1)[3, , 29900:30003], along(lines[3:3, , 29900:30003], 1))
  transposed <- function(x, ...) call_op("transpose", list(x), list(...))
  for (shape in list(c(3000, 2912), c(3001, 3000), c(99100, 90))) {  # rows of whole cache lines, of others, short
    x <- normal(shape)
    same(transposed(transposed(x))[c(1, 1700, shape[1]), ], x[c(1, 1700, shape[1]), ])
    same(transposed(x)[c(1, 77, 90), ], transposed(x[, c(1, 77, 90)]))
  }
  images <- normal(8, 220, 220, 25)
  maps <- normal(12, 64, 100, 113)
  last <- transposed(maps, perm = c(0, 2, 3, 1))
  same(last[12, 100, , ], transposed(maps[12, , 100, ]))
  same(transposed(last, perm = c(0, 3, 1, 2))[12, , 99:100, ], maps[12, , 99:100, ])
  joined <- call_op("concat", list(maps, maps[, , , 1:9]), list(axis = -1))
  same(joined[12, 64, 100, ], c(as.array(maps[12, 64, 100, ]), as.array(maps[12, 64, 100, 1:9])))
  same(call_op("stack", list(maps, maps), list(axis = 0))[2, 12, , , ], maps[12, , , ])
  photos <- normal(200, 60, 60, 3)
  for (how in c("nearest", "bilinear", "bicubic")) {
    resized <- function(x) call_op("resize", list(x), list(size = c(150, 130), interpolation = how))
    same(resized(maps[, , , 1:50])[12, , , ], resized(maps[12:12, , , 1:50]))
    same(resized(photos)[200, , , ], resized(photos[200:200, , , ]))
  }
  repeated <- function(x) call_op("upsample", list(x), list(size = c(2, 1)))
  same(repeated(maps)[12, 127:128, , ], repeated(maps[12:12, 64:64, , ]))
  for (dtype in c("float32", "float64", "int32")) {
    table <- op_cast(normal(100, 251) * 1000, dtype)
    tokens <- tensor(array(rep_len(c(7, 99, 0, 42), 40000)), "int32")
    got <- call_op("gather", list(table, tokens), list(axis = 0))
    same(got[c(1, 4, 39999), ], table[c(8, 43, 1), ])
  }
  for (kind in c("max_pool", "average_pool")) {
    gradient <- function(x) {
      with(tf$GradientTape() %as% tape, {
        tape$watch(x)
        y <- call_op(kind, list(x), list(pool_size = c(3, 3), strides = c(2, 2), padding = "same"))
        loss <- k_sum(y * y)
      })
      tape$gradient(loss, x)
    }
    same(gradient(images)[8, , , ], gradient(images[8:8, , , ]))
  }
})
