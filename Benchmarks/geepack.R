# Reads long tables of clustered readings and fits the models of the reader study with R's geepack.
# Usage: Rscript geepack.R IN.csv ... ; each table has the columns y, condition, reader2, cluster; rows sorted by cluster.
# Prints one CSV line a table, family, correlation and term: estimate, standard error, working correlation.
suppressMessages(library(geepack))
cat("table,family,correlation,term,estimate,se,alpha\n")
for (path in commandArgs(trailingOnly = TRUE)) {
  rows <- read.csv(path)
  family <- if (max(rows$y) > 1) poisson else binomial
  terms <- if (length(unique(rows$reader2)) > 1) y ~ condition + reader2 else y ~ condition
  for (structure in c("independence", "exchangeable")) {
    fit <- geeglm(terms, id = cluster, data = rows, family = family, corstr = structure)
    found <- summary(fit)$coefficients
    alpha <- if (structure == "exchangeable") fit$geese$alpha else 0
    for (term in rownames(found)) {
      cat(sprintf("%s,%s,%s,%s,%.10f,%.10f,%.10f\n", basename(path), if (max(rows$y) > 1) "poisson" else "logistic",
        structure, term, found[term, "Estimate"], found[term, "Std.err"], alpha))
    }
  }
}
