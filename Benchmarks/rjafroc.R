# Reads the files that 'dlenhance study analyse' wrote with RJafroc and prints its figures of merit and tests.
# Usage: Rscript rjafroc.R study.xlsx study.imrmc ; RJafroc's AFROC is what the brief calls JAFROC.
suppressMessages(library(RJafroc))
files <- commandArgs(trailingOnly = TRUE)
froc <- DfReadDataFile(files[1], newExcelFileFormat = TRUE)
cat("figure,population,mean0,mean1,difference,se\n")
for (name in c("wAFROC", "AFROC")) {
  found <- StSignificanceTesting(froc, FOM = name, method = "OR")
  means <- rowMeans(found$FOMs$foms)
  for (population in c("FRRC", "RRRC")) {
    row <- found[[population]]$ciDiffTrt
    # RJafroc gives standard minus enhanced
    cat(sprintf("%s,%s,%.10f,%.10f,%.10f,%.10f\n", name, population, means[1], means[2], -row$Estimate, row$StdErr))
  }
}
roc <- DfReadDataFile(files[2], format = "iMRMC")
cat(sprintf("iMRMC,read,%d,%d,0,0\n", dim(roc$ratings$LL)[3], dim(roc$ratings$NL)[3]))
