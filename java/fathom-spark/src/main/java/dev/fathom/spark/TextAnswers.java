package dev.fathom.spark;

import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Classifier.Label;
import dev.fathom.pretrained.Embedder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * Vectors or labels of texts. The model itself puts as many as have the tokens of a run side by side.
 *
 * @param function gives a value for each text
 */
record TextAnswers(BiFunction<List<String>, Options, Stream<?>> function, Runnable closing) implements Answers<String> {

    static TextAnswers open(Path folder, int threads) {
        if (Task.isClassifier(folder)) {
            Classifier classifier = Classifier.load(folder);
            classifier.threads(threads);
            return new TextAnswers(
                    (texts, options) -> classifier.classify(texts).stream().map(TextAnswers::rows), classifier::close);
        }
        Embedder embedder = Embedder.load(folder);
        embedder.threads(threads);
        return new TextAnswers(
                (texts, options) -> Arrays.stream(
                        (options.prompt() == null ? embedder : embedder.prompt(options.prompt())).embed(texts)),
                embedder::close);
    }

    private static Row[] rows(List<Label> labels) {
        return labels.stream()
                .map(each -> RowFactory.create(each.label(), each.score()))
                .toArray(Row[]::new);
    }

    @Override
    public String read(Object[] values) {
        return (String) values[0];
    }

    @Override
    public int length(String text) {
        return text.length();
    }

    @Override
    public List<Object[]> answer(List<String> texts, Options options) {
        return function.apply(texts, options).map(value -> new Object[] {value}).toList();
    }

    @Override
    public void close() {
        closing.run();
    }
}
