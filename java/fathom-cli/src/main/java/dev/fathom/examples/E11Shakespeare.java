package dev.fathom.examples;

import dev.fathom.data.Dataset;
import dev.fathom.decode.*;
import dev.fathom.nn.*;
import dev.fathom.optim.*;
import dev.fathom.tensor.*;
import dev.fathom.text.*;
import dev.fathom.train.*;
import dev.fathom.view.ProgressBar;
import java.nio.file.*;
import java.util.*;

/** An LSTM reads Shakespeare by characters with a carried state; a frozen step of it goes on from a prompt. */
public final class E11Shakespeare {
    public static void main(String[] args) throws Exception {
        var letters = new Characters();
        var text = letters.tokens(Files.readString(args.length > 0 ? Path.of(args[0]) : Plays.file()));
        var vocabulary = Vocabulary.of(List.of(text));
        int[] ids = vocabulary.ids(text);
        try (var train = Dataset.pieces(Arrays.copyOf(ids, ids.length / 10 * 9), 32, 64);
                var test = Dataset.pieces(Arrays.copyOfRange(ids, ids.length / 10 * 9, ids.length), 32, 64);
                var model = Model.of(CharNet.of(vocabulary.size(), 256), 1)) {
            var trainer = Trainer.custom(model, new Adam(4e-3f), (net, batch, state) -> {
                var next = net.step(batch.x(), state); // backward ends where the piece begins: its state is a constant
                return new Step.Result(Loss.crossEntropy().of(next.output(), batch.y()), next.output())
                        .withState(next.state());
            });
            trainer = trainer.schedule(Schedule.cosine(6)).clipNorm(1);
            trainer = trainer.metrics(Metric.bitsPerCharacter()).callbacks(new ProgressBar().unit("pieces"));
            var best = trainer.fit(train.batches(32), test.batches(32), 6).best();
            System.out.printf("held out: %.2f bits per character%n%n", best.value("val_bits_per_character"));
            try (var plan = CharNet.freeze(model);
                    var session = plan.newSession()) {
                int[] prompt = vocabulary.ids(letters.tokens("ROMEO:\n"));
                var written = new Sampling(-1, 500).temperature(0.7f).after(NextToken.of(session), new Rng(3), prompt);
                var tokens = vocabulary.tokens(written.get(0).toArray());
                System.out.println("ROMEO:\n" + letters.text(tokens));
            }
        }
    }
}
