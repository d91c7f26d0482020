package dev.fathom.labs.commands;

import dev.fathom.experiments.Experiment;
import dev.fathom.labs.adversarial.AdversarialLab;
import dev.fathom.labs.autocts.AutoCtsLab;
import dev.fathom.labs.characters.NamesLab;
import dev.fathom.labs.characters.ShakespeareLab;
import dev.fathom.labs.codes.AutoencodersLab;
import dev.fathom.labs.codes.FewLabelsLab;
import dev.fathom.labs.crystals.CrystalsLab;
import dev.fathom.labs.distillation.DistillLab;
import dev.fathom.labs.embeddings.ProjectorLab;
import dev.fathom.labs.ensembles.EnsemblesLab;
import dev.fathom.labs.generalization.BiasVarianceLab;
import dev.fathom.labs.generalization.DoubleDescentLab;
import dev.fathom.labs.generalization.MemorizeLab;
import dev.fathom.labs.generalization.RidgeLab;
import dev.fathom.labs.generative.BirdsLab;
import dev.fathom.labs.generative.DiffusionLab;
import dev.fathom.labs.generative.GanLab;
import dev.fathom.labs.generative.VaeLab;
import dev.fathom.labs.generative.WganLab;
import dev.fathom.labs.images.AugmentLab;
import dev.fathom.labs.images.BatchNormLab;
import dev.fathom.labs.images.CifarLab;
import dev.fathom.labs.images.DepthLab;
import dev.fathom.labs.images.DropoutLab;
import dev.fathom.labs.images.FashionLab;
import dev.fathom.labs.images.FgsmLab;
import dev.fathom.labs.images.FiltersLab;
import dev.fathom.labs.images.IslrLab;
import dev.fathom.labs.images.MnistBestLab;
import dev.fathom.labs.images.MnistLab;
import dev.fathom.labs.images.PermutationLab;
import dev.fathom.labs.images.PretrainedLab;
import dev.fathom.labs.images.TransferLab;
import dev.fathom.labs.images.VeryDeepLab;
import dev.fathom.labs.memory.MemoryLab;
import dev.fathom.labs.memory.TuringLab;
import dev.fathom.labs.objectives.LossesLab;
import dev.fathom.labs.optimization.ActivationsLab;
import dev.fathom.labs.optimization.LandscapeLab;
import dev.fathom.labs.optimization.OptimizersLab;
import dev.fathom.labs.optimization.RatesLab;
import dev.fathom.labs.optimization.SignalsLab;
import dev.fathom.labs.outliers.AnomaliesLab;
import dev.fathom.labs.pairs.CaptionsLab;
import dev.fathom.labs.pairs.EncodersLab;
import dev.fathom.labs.pairs.MovingDigitsLab;
import dev.fathom.labs.regression.HittersLab;
import dev.fathom.labs.reinforcement.BoardLab;
import dev.fathom.labs.reinforcement.CartPoleLab;
import dev.fathom.labs.representation.ApproximationLab;
import dev.fathom.labs.representation.BoundariesLab;
import dev.fathom.labs.representation.PerceptronLab;
import dev.fathom.labs.representation.XorLab;
import dev.fathom.labs.restoration.DenoisingLab;
import dev.fathom.labs.restoration.UnetLab;
import dev.fathom.labs.reviews.ImdbLab;
import dev.fathom.labs.reviews.WordsLab;
import dev.fathom.labs.searches.SearchLab;
import dev.fathom.labs.series.ForecastLab;
import dev.fathom.labs.series.NyseLab;
import dev.fathom.labs.similarity.SiameseLab;
import dev.fathom.labs.sound.DigitsLab;
import dev.fathom.labs.sound.VowelsLab;
import dev.fathom.labs.style.StyleLab;
import dev.fathom.labs.translation.ArithmeticLab;
import dev.fathom.labs.translation.TranslateLab;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The labs that there are. */
public final class Labs {
    /** All of them, as {@code ./fathom lab} lists them. */
    public static final List<Experiment> ALL = List.of(
            new FashionLab(),
            new MnistLab(),
            new CifarLab(),
            new BatchNormLab(),
            new FgsmLab(),
            new AdversarialLab(),
            new PermutationLab(),
            new DepthLab(),
            new VeryDeepLab(),
            new DropoutLab(),
            new TransferLab(),
            new AugmentLab(),
            new FiltersLab(),
            new PretrainedLab(),
            new StyleLab(),
            new ImdbLab(),
            new WordsLab(),
            new NyseLab(),
            new HittersLab(),
            new ShakespeareLab(),
            new NamesLab(),
            new TranslateLab(),
            new ArithmeticLab(),
            new DigitsLab(),
            new MemoryLab(),
            new ForecastLab(),
            new PerceptronLab(),
            new XorLab(),
            new BoundariesLab(),
            new ApproximationLab(),
            new LossesLab(),
            new OptimizersLab(),
            new LandscapeLab(),
            new SignalsLab(),
            new ActivationsLab(),
            new RatesLab(),
            new IslrLab(),
            new MnistBestLab(),
            new DoubleDescentLab(),
            new BiasVarianceLab(),
            new MemorizeLab(),
            new RidgeLab(),
            new EnsemblesLab(),
            new AutoencodersLab(),
            new FewLabelsLab(),
            new SearchLab(),
            new DenoisingLab(),
            new UnetLab(),
            new SiameseLab(),
            new DistillLab(),
            new TuringLab(),
            new CrystalsLab(),
            new VowelsLab(),
            new AutoCtsLab(),
            new ProjectorLab(),
            new CartPoleLab(),
            new BoardLab(),
            new CaptionsLab(),
            new EncodersLab(),
            new MovingDigitsLab(),
            new GanLab(),
            new WganLab(),
            new VaeLab(),
            new DiffusionLab(),
            new BirdsLab(),
            new AnomaliesLab());

    private Labs() {}

    /** What each shows, by its name, in their order. */
    public static Map<String, String> shown() {
        Map<String, String> all = new LinkedHashMap<>();
        ALL.forEach(lab -> all.put(lab.name(), lab.shows()));
        return all;
    }
}
