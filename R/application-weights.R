# Files of published weights: the MD5 sums that Keras gives for them (it has none for MobileNet and MobileNetV2).

# By file name without what all names have in common, see weights_stem().
published_weights <- c(
  "densenet121" = "9d60b8095a5708f2dcce2bca79d332c7",
  "densenet121_notop" = "30ee3e1110167f948a6b9946edeeb738",
  "densenet169" = "d699b8f76981ab1b30698df4c175e90b",
  "densenet169_notop" = "b8c4d4c20dd625c148057b9ff1c1176b",
  "densenet201" = "1ceb130c1ea1b78c3bf6114dbdfd8807",
  "densenet201_notop" = "c13680b51ded0fb44dff2d8f86ac8bb1",
  "efficientnetb0" = "902e53a9f72be733fc0bcb005b3ebbac",
  "efficientnetb0_notop" = "50bc09e76180e00e4465e1a485ddc09d",
  "efficientnetb1" = "1d254153d4ab51201f1646940f018540",
  "efficientnetb1_notop" = "74c4e6b3e1f6a1eea24c589628592432",
  "efficientnetb2" = "b15cce36ff4dcbd00b6dd88e7857a6ad",
  "efficientnetb2_notop" = "111f8e2ac8aa800a7a99e3239f7bfb39",
  "efficientnetb3" = "ffd1fdc53d0ce67064dc6a9c7960ede0",
  "efficientnetb3_notop" = "af6d107764bb5b1abb91932881670226",
  "efficientnetb4" = "18c95ad55216b8f92d7e70b3a046e2fc",
  "efficientnetb4_notop" = "ebc24e6d6c33eaebbd558eafbeedf1ba",
  "efficientnetb5" = "ace28f2a6363774853a83a0b21b9421a",
  "efficientnetb5_notop" = "38879255a25d3c92d5e44e04ae6cec6f",
  "efficientnetb6" = "165f6e37dce68623721b423839de8be5",
  "efficientnetb6_notop" = "9ecce42647a20130c1f39a5d4cb75743",
  "efficientnetb7" = "8c03f828fec3ef71311cd463b6759d99",
  "efficientnetb7_notop" = "cbcfe4450ddf6f3ad90b1b398090fe4a",
  "inception_resnet_v2" = "e693bd0210a403b3192acc6073ad2e96",
  "inception_resnet_v2_notop" = "d19885ff4a710c122648d3b5c3b684e4",
  "inception_v3" = "9a0d58056eeedaa3f26cb7ebd46da564",
  "inception_v3_notop" = "bcbd6486424b2319ff4ef7d526e38f63",
  "mobilenet_v3_large_224_0.75_float" = "765b44a33ad4005b3ac83185abf1d0eb",
  "mobilenet_v3_large_224_0.75_float_no_top_v2" = "40af19a13ebea4e2ee0c676887f69a2e",
  "mobilenet_v3_large_224_1.0_float" = "59e551e166be033d707958cf9e29a6a7",
  "mobilenet_v3_large_224_1.0_float_no_top_v2" = "07fb09a5933dd0c8eaafa16978110389",
  "mobilenet_v3_large_minimalistic_224_1.0_float" = "675e7b876c45c57e9e63e6d90a36599c",
  "mobilenet_v3_large_minimalistic_224_1.0_float_no_top_v2" = "ec5221f64a2f6d1ef965a614bdae7973",
  "mobilenet_v3_small_224_0.75_float" = "cb65d4e5be93758266aa0a7f2c6708b7",
  "mobilenet_v3_small_224_0.75_float_no_top_v2" = "ebdb5cc8e0b497cd13a7c275d475c819",
  "mobilenet_v3_small_224_1.0_float" = "8768d4c2e7dee89b9d02b2d03d65d862",
  "mobilenet_v3_small_224_1.0_float_no_top_v2" = "d3e8ec802a04aa4fc771ee12a9a9b836",
  "mobilenet_v3_small_minimalistic_224_1.0_float" = "99cd97fb2fcdad2bf028eb838de69e37",
  "mobilenet_v3_small_minimalistic_224_1.0_float_no_top_v2" = "cde8136e733e811080d9fcd8a252f7e4",
  "nasnet_large" = "11577c9a518f0070763c2b964a382f17",
  "nasnet_large_no_top" = "d81d89dc07e6e56530c4e77faddd61b5",
  "nasnet_mobile" = "020fb642bf7360b370c678b08e0adf61",
  "nasnet_mobile_no_top" = "1ed92395b5b598bdda52abe5c0dbfd63",
  "resnet101" = "f1aeb4b969a6efcfb50fad2f0c20cfc5",
  "resnet101_notop" = "88cf7a10940856eca736dc7b7e228a21",
  "resnet101v2" = "6343647c601c52e1368623803854d971",
  "resnet101v2_notop" = "c0ed64b8031c3730f411d2eb4eea35b5",
  "resnet152" = "100835be76be38e30d865e96f2aaae62",
  "resnet152_notop" = "ee4c566cf9a93f14d82f913c2dc6dd0c",
  "resnet152v2" = "a49b44d1979771252814e80f8ec446f9",
  "resnet152v2_notop" = "ed17cf2e0169df9d443503ef94b23b33",
  "resnet50" = "2cb95161c43110f7111970584f804107",
  "resnet50_notop" = "4d473c1dd8becc155b73f8504c6f6626",
  "resnet50v2" = "3ef43a0b657b3be2300d5770ece849e0",
  "resnet50v2_notop" = "fac2f116257151a9d068a22e544a4917",
  "vgg16" = "64373286793e3c8b2b4e3219cbf3544b",
  "vgg16_notop" = "6d6bbae143d832006294945121d1f1fc",
  "vgg19" = "cbe5617147190e668d6c5d5026f83318",
  "vgg19_notop" = "253f8cb515780f3b799900260a226db6",
  "xception" = "0a58e3b7378bc2990ea3b43d5981f1f6",
  "xception_notop" = "b0042744bf5b25fce3cb969f33bebb97"
)
weights_stem <- function(file) sub("^weights_", "", sub("_weights_tf_dim_ordering_tf_kernels", "", sub("\\.h5$", "", file)))

# Keras keeps NASNet's files under other names than they are published under.
published_weights_entry <- function(url) {
  name <- basename(url)
  if (startsWith(name, "NASNet-")) name <- gsub("-", "_", sub("^NASNet", "nasnet", name))
  sum <- published_weights[weights_stem(name)]
  list(fname = name, file_hash = if (!is.na(sum)) sum[[1L]])
}
# Path of the published weights, fetched once.
published_weights_file <- function(url) {
  entry <- published_weights_entry(url)
  get_file(entry$fname, url, file_hash = entry$file_hash, cache_subdir = "models")
}
