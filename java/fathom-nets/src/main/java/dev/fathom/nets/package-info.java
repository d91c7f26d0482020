/**
 * Networks that are known by name, each a record that reads as the figure in its paper: {@link dev.fathom.nets.LeNet5},
 * {@link dev.fathom.nets.MnistCnn}, {@link dev.fathom.nets.TextbookCnn}, {@link dev.fathom.nets.CifarResNet} and
 * {@link dev.fathom.nets.FractalNet} for small images, {@link dev.fathom.nets.AlexNet}, {@link dev.fathom.nets.ZfNet},
 * {@link dev.fathom.nets.Vgg}, {@link dev.fathom.nets.GoogLeNet}, {@link dev.fathom.nets.ResNet},
 * {@link dev.fathom.nets.SqueezeNet} and {@link dev.fathom.nets.MobileNetV2} for photographs, and
 * {@link dev.fathom.nets.PlainCnn} of any depth; {@link dev.fathom.nets.LocallyConnected} is a convolution without
 * shared filters. Images are [n, height, width, channels], results are logits [n, classes].
 * {@link dev.fathom.nets.GraphConv} is for the nodes of graphs, {@link dev.fathom.nets.RadialBasis} for features.
 *
 * <p>Sequences [n, steps, ..] are for {@link dev.fathom.nets.TemporalBlock}, {@link dev.fathom.nets.WaveNetBlock} and
 * {@link dev.fathom.nets.TuringMachine}. What generative networks have in common is in
 * {@link dev.fathom.nets.Diffusion} and {@link dev.fathom.nets.DiagonalGaussian}.
 *
 * <p>They are part of the library, not of its experiments, because whoever wants a ResNet wants it in a service: to
 * load a file of weights, to give it another head, to freeze it. They stand on {@code nn} and what lies below it, and
 * use nothing that a network of one's own could not use, so that they serve as examples too. Parameters are called as
 * in the PyTorch code that published each network, whose files then load as they are.
 *
 * <p>Rejected: a builder with options for every variant (the figure would disappear behind them; a variant is a record
 * of ten lines).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.nets;
