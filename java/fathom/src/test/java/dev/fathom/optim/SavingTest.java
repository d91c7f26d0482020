package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An optimizer in a file: with its state it goes on to the same bits, and nothing that does not fit is taken over. */
class SavingTest {
    @TempDir
    Path folder;

    private static Sequential net() {
        return new Sequential(new Linear(3, 4), Tensor::tanh, new Linear(4, 2));
    }

    private static void step(Model<Sequential> model, BoundOptimizer optimizer, int i) {
        LossAndGradient evaluation = () -> {
            try (Pass pass = Pass.train(new Rng(0))) {
                Tensor x = Tensor.of(new Rng(i).normal(15, 0, 1), 5, 3);
                Tensor loss = model.net().apply(x).square().mean();
                pass.backward(loss, model);
                return loss.item();
            }
        };
        evaluation.compute();
        optimizer.step(evaluation);
    }

    /**
     * The part trained by its own optimizer begins in the middle of the block; one bias is frozen for a while, so that
     * the counts differ.
     */
    @Test
    void momentsAndCountsGoOn() {
        for (Optimizer recipe : List.of(
                new Adam(0.1f),
                new AdamW(0.1f),
                new Sgd(0.1f).momentum(0.9f),
                new RmsProp(0.01f),
                new Adam(0.1f).withAmsGrad(),
                new Adadelta(1),
                new NAdam(0.1f),
                new RAdam(0.1f),
                new Rprop(0.01f),
                new Lion(0.01f),
                new Nesterov(0.1f, 0.9f),
                new Lamb(0.1f),
                new Muon(0.1f),
                new Lookahead(new Adam(0.1f), 2, 0.5f),
                new Sam(new Adam(0.1f)),
                new GradientNoise(new Sgd(0.1f).momentum(0.9f), 0.3f),
                new Ema(new Sam(new Adam(0.1f)), 0.9f),
                new Swa(new Adam(0.1f), 2, 2))) {
            Path file = folder.resolve("of recipe " + recipe.hashCode());
            try (var model = Model.of(net(), 1);
                    var other = Model.of(net(), 2);
                    BoundOptimizer mine =
                            recipe.on(model.part(model.net().layers().get(2)));
                    BoundOptimizer theirs =
                            recipe.on(other.part(other.net().layers().get(2)))) {
                model.freeze("2.bias");
                step(model, mine, 1);
                model.unfreeze("2.bias");
                step(model, mine, 2);
                Safetensors.Writer writer = new Safetensors.Writer();
                mine.save(writer, "last");
                writer.write(file);
                other.copyFrom(model);
                try (Safetensors saved = Safetensors.read(file)) {
                    theirs.load(saved, "last");
                }
                assertThat(theirs.steps()).isEqualTo(2);
                for (int i = 3; i < 6; i++) {
                    step(model, mine, i);
                    step(other, theirs, i);
                }
                for (int i = 0; i < 4; i++) {
                    assertThat(other.parameters().get(i).value().toArray())
                            .as(recipe + " " + i)
                            .isEqualTo(model.parameters().get(i).value().toArray());
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Path file = folder.resolve("adam");
        try (var model = Model.of(net(), 1);
                BoundOptimizer adam =
                        new Adam(0.1f).on(model, Group.of("*.bias").rateFactor(2))) {
            step(model, adam, 1);
            Safetensors.Writer writer = new Safetensors.Writer();
            adam.save(writer, "adam");
            writer.write(file);
        }
        try (var model = Model.of(net(), 1);
                Safetensors saved = Safetensors.read(file);
                BoundOptimizer plain = new Adam(0.1f).on(model);
                BoundOptimizer part = new Adam(0.1f)
                        .on(
                                model.part(model.net().layers().get(0)),
                                Group.of("*.bias").rateFactor(2))) {
            assertThatThrownBy(() -> plain.load(saved, "adam"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: adam was saved by " + new Adam(0.1f)
                            + ", groups=[Group[pattern=*.bias, rateFactor=2.0, weightDecay=null, onlyRows=false, "
                            + "maxNorm=Infinity, clipWeights=Infinity]] but this one is "
                            + new Adam(0.1f) + "; load it into one with the same settings");
            assertThatThrownBy(() -> part.load(saved, "adam"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "load: the step counts of adam are not those of 2 parameters; load it into an optimizer "
                                    + "of the same parameters");
            assertThatThrownBy(() -> plain.load(saved, "it"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("load: the file has no optimizer called it; give the name it was saved under");
            assertThat(plain.steps()).isZero();
        }
    }
}
