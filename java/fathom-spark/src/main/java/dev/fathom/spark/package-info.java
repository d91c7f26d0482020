/**
 * Models in Apache Spark: {@link dev.fathom.spark.SparkModel} is a stage of Spark ML that adds what a model computes to
 * each row of a DataFrame, and {@link dev.fathom.spark.SparkTrainer} trains a model on several executors.
 */
@NullMarked
package dev.fathom.spark;

import org.jspecify.annotations.NullMarked;
