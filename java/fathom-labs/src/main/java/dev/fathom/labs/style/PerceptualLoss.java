package dev.fathom.labs.style;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.image.Picture;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far pictures are from a content and from a style (Gatys, Ecker and Bethge 2016; Johnson, Alahi and Fei-Fei 2016):
 *
 * <pre>
 * loss = |F - F'|² / |F'|² + weight mean over layers of |G - G'|² / |G'|² + smooth mean of (differences of neighboring pixels)²
 * </pre>
 *
 * <p>F' are the maps of the content and G' the Gram matrices of the style. As both terms are relative, the same weights
 * do for all networks and sizes, and all layers count alike, as in the paper of 2016, whose network is scaled to the
 * same mean activation everywhere. {@link #ofRatio} gives the weight that a published ratio stands for.
 *
 * @param grams the Gram matrix of each style layer
 */
public record PerceptualLoss(Perception perception, List<float[]> grams, float weight, float smooth) {
    /**
     * The three terms for one batch.
     *
     * @param content without its weight, as the others
     * @param total with the weights
     */
    record Terms(Tensor content, Tensor style, Tensor total) {}

    /** The loss whose style is that of {@code picture}. */
    public static PerceptualLoss of(Perception perception, Picture picture, float weight, float smooth) {
        try (Pass pass = Pass.infer()) {
            List<float[]> grams = perception.of(picture.tensor()).styles().stream()
                    .map(maps -> gram(maps).toArray())
                    .toList();
            return new PerceptualLoss(perception, grams, weight, smooth);
        }
    }

    /** This loss with another weight of the style. */
    PerceptualLoss weighted(float other) {
        return new PerceptualLoss(perception, grams, other, smooth);
    }

    /**
     * This loss with the weight that the ratio α / β of Gatys, Ecker and Bethge (2015) stands for. Their terms are
     *
     * <pre>
     * α ½ |F - F'|² + β mean over layers of |G - G'|² / (4 channels²)
     * </pre>
     *
     * <p>for a network that sees pixels from 0 to 255, so that its maps are s times those of one that sees pixels of
     * deviation 1, and where F and G are 0 they are to each other as 1 to the weight,
     *
     * <pre>
     * weight = mean over layers of |G'|² / (4 channels²) s⁴ / (α / β ½ |F'|² s²)
     * </pre>
     *
     * @param photo the picture whose content is to be kept
     */
    PerceptualLoss ofRatio(double ratio, Picture photo) {
        double scale = 255 * Averages.mean(perception.input().deviation(), d -> d);
        double style = Averages.mean(grams, gram -> squares(gram) / (4 * gram.length)); // of channels² numbers
        try (Pass pass = Pass.infer()) {
            double content = squares(content(photo.tensor()).toArray()) / 2;
            return weighted((float) (style * scale * scale / (ratio * content)));
        }
    }

    private static double squares(float... values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    /** G [n, c, c], the mean over the positions of maps [n, h, w, c] of the products of any two channels. */
    static Tensor gram(Tensor maps) {
        int n = maps.dim(0);
        int positions = maps.dim(1) * maps.dim(2);
        Tensor rows = maps.reshape(n, positions, maps.dim(3));
        return Tensor.einsum("npc,npd->ncd", rows, rows).div(positions);
    }

    /** What the network sees of the content of pictures [n, h, w, 3], as a constant. */
    Tensor content(Tensor pictures) {
        return Pass.noGrad(() -> perception.of(pictures).content());
    }

    /**
     * The loss of pictures x [n, h, w, 3].
     *
     * @param wanted the content, as {@link #content(Tensor)} gives it; null for a texture, which has none
     */
    Terms of(Tensor x, @Nullable Tensor wanted) {
        Perception.Seen seen = perception.of(x);
        Tensor content = wanted == null
                ? Tensor.scalar(0)
                : seen.content().sub(wanted).square().sum().div(wanted.square().sum());
        Tensor style = style(seen);
        return new Terms(
                content, style, content.add(style.mul(weight)).add(variation(x).mul(smooth)));
    }

    /** How far a picture is from a content and from the style; 0 from the content of a texture, which has none. */
    double[] distances(Picture picture, @Nullable Picture content) {
        try (Pass pass = Pass.infer()) {
            Terms terms = of(picture.tensor(), content == null ? null : content(content.tensor()));
            return new double[] {terms.content().item(), terms.style().item()};
        }
    }

    private Tensor style(Perception.Seen seen) {
        Tensor sum = Tensor.scalar(0);
        for (int i = 0; i < grams.size(); i++) {
            Tensor gram = gram(seen.styles().get(i));
            Tensor wanted = Tensor.of(grams.get(i), 1, gram.dim(1), gram.dim(2));
            Tensor distance = gram.sub(wanted).square().sum().div(gram.dim(0));
            sum = sum.add(distance.div(wanted.square().sum()));
        }
        return sum.div(grams.size());
    }

    private static Tensor variation(Tensor x) {
        int h = x.dim(1);
        int w = x.dim(2);
        Tensor down = x.slice(1, 1, h).sub(x.slice(1, 0, h - 1));
        Tensor across = x.slice(2, 1, w).sub(x.slice(2, 0, w - 1));
        return down.square().mean().add(across.square().mean());
    }
}
