package dev.fathom.examples;

import dev.fathom.data.Dataset;
import dev.fathom.decode.Sampling;
import dev.fathom.nn.*;
import dev.fathom.optim.*;
import dev.fathom.recurrent.*;
import dev.fathom.tensor.*;
import dev.fathom.text.*;
import dev.fathom.train.*;
import dev.fathom.view.ProgressBar;
import java.io.IOException;
import java.nio.file.*;
import java.util.*;

/** An LSTM reads Shakespeare character by character, carrying its state from piece to piece; then a frozen step of it goes on from a prompt. */
public final class E11Shakespeare {
    public static void main(String[] args) throws IOException {
        var letters = new Characters();
        var text = letters.tokens(Files.readString(args.length > 0 ? Path.of(args[0]) : Plays.file()));
        var vocabulary = Vocabulary.of(List.of(text));
        int[] ids = vocabulary.ids(text);
        int most = ids.length / 10 * 9;
        try (var train = Dataset.pieces(Arrays.copyOf(ids, most), 32, 64);
                var test = Dataset.pieces(Arrays.copyOfRange(ids, most, ids.length), 32, 64);
                var model = Model.of(CharNet.of(vocabulary.size(), 256), 1);
                var carried = new Carried()) {
            var trainer = Trainer.custom(model, new Adam(4e-3f), (net, batch) -> {
                Output out = net.run(batch.x(), batch.isFirst() ? null : carried.state());
                carried.keep(out.state()); // a constant in the next step: backward ends where the piece begins
                return new Step.Result(Loss.crossEntropy().of(net.logits(out.steps()), batch.y()));
            });
            trainer.schedule(Schedule.cosine(6)).clipNorm(1).callbacks(new ProgressBar().unit("pieces"));
            var last = trainer.fit(train.batches(32), test.batches(32), 6).best();
            System.out.printf("held out: %.2f bits per character%n%n", last.value("val_loss") / Math.log(2));
            try (var writer = new Writer(model)) {
                int end = writer.read(vocabulary.ids(letters.tokens("ROMEO:\n")));
                var written = new Sampling(-1, 500).temperature(0.7f).of(writer, new Rng(3), end);
                int[] tokens = written.get(0).toArray();
                System.out.println("ROMEO:\n" + letters.text(vocabulary.tokens(tokens)));
            }
        }
    }
}
