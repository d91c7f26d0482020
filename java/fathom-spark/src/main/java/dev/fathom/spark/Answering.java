package dev.fathom.spark;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.stream.IntStream;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * What an executor does with the rows of a partition: it adds the outputs of the model to each. Rows are computed in
 * windows, in which those of similar lengths are together, and leave in the order in which they came.
 *
 * @param version of Fathom at the driver
 * @param archive the name under which Spark has unpacked the files of the model
 * @param columns where the inputs are in a row
 * @param outputs how many columns are added
 */
record Answering(String version, String archive, int[] columns, int outputs, Options options)
        implements MapPartitionsFunction<Row, Row> {
    /** A window has so many batches at most. The first has one, because somebody may want to see a few rows. */
    private static final int BATCHES = 16;

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        Versions.check(version, Versions.here());
        return new Answered(rows);
    }

    /** The rows with their outputs. */
    private final class Answered implements Iterator<Row> {
        private final Iterator<Row> rows;
        private final Queue<Row> ready = new ArrayDeque<>();
        private int window = options.batch();

        Answered(Iterator<Row> rows) {
            this.rows = rows;
        }

        @Override
        public boolean hasNext() {
            return !ready.isEmpty() || rows.hasNext();
        }

        @Override
        public Row next() {
            if (ready.isEmpty()) {
                List<Row> some = new ArrayList<>();
                while (some.size() < window && rows.hasNext()) {
                    some.add(rows.next());
                }
                window = (int) Math.min(2L * window, (long) BATCHES * options.batch());
                int threads = TaskContext.get().cpus(); // by the tasks beside each other: the cores of the executor
                Models.HERE.with(
                        archive,
                        () -> Answers.open(Path.of(SparkFiles.get(archive)), threads),
                        model -> ready.addAll(answered(model, some)));
            }
            return ready.remove(); // which says that there is none
        }
    }

    /**
     * A row, none of whose inputs is null.
     *
     * @param place of the row in its window
     */
    private record Question<E>(int place, Row row, E example) {}

    private <E> List<Row> answered(Answers<E> model, List<Row> rows) {
        List<Question<E>> questions = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            Object[] values = Arrays.stream(columns).mapToObj(row::get).toArray();
            if (Arrays.stream(values).noneMatch(value -> value == null)) {
                questions.add(new Question<>(i, row, read(model, row, values)));
            }
        }
        questions.sort(Comparator.comparingInt(question -> model.length(question.example)));
        List<Object[]> answers = answers(model, questions);
        Object[][] results = new Object[rows.size()][outputs];
        for (int i = 0; i < answers.size(); i++) {
            results[questions.get(i).place] = answers.get(i);
        }
        return IntStream.range(0, results.length)
                .mapToObj(i -> joined(rows.get(i), results[i]))
                .toList();
    }

    private static <E> E read(Answers<E> model, Row row, Object[] values) {
        try {
            return model.read(values);
        } catch (IllegalArgumentException e) {
            throw Rows.refused("SparkModel", row, e);
        }
    }

    /** The answers, or a refusal that shows the row which the model refuses. */
    private <E> List<Object[]> answers(Answers<E> model, List<Question<E>> questions) {
        try {
            return model.answer(questions.stream().map(Question::example).toList(), options);
        } catch (IllegalArgumentException e) {
            for (Question<E> question : questions) {
                try {
                    model.answer(List.of(question.example), options);
                } catch (IllegalArgumentException alone) {
                    throw Rows.refused("SparkModel", question.row, alone);
                }
            }
            throw e;
        }
    }

    private Row joined(Row row, Object[] results) {
        Object[] all = new Object[row.length() + outputs];
        for (int i = 0; i < row.length(); i++) {
            all[i] = row.get(i);
        }
        for (int i = 0; i < outputs; i++) {
            all[row.length() + i] = options.vectors() && results[i] instanceof float[] floats
                    ? Vectors.dense(IntStream.range(0, floats.length)
                            .mapToDouble(k -> floats[k])
                            .toArray())
                    : results[i];
        }
        return RowFactory.create(all);
    }
}
