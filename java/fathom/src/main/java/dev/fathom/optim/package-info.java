/**
 * Optimizers, parameter groups, clipping and schedules. An {@link dev.fathom.optim.Optimizer} is a recipe (a record of
 * hyperparameters); {@code on(model)} or {@code on(part)} binds it to parameters and gives it its state. The
 * elementwise rules are rows of a table, {@code native/src/optim.def}: a step of such a recipe is one kernel call over
 * the flat block, in PyTorch's order of arithmetic, and every value is read and written once.
 *
 * <p>With g = clip(gradient), lr = rate of the step times the group's factor, and d the weight decay of the group:
 *
 * <table>
 *   <caption>Rules</caption>
 *   <tr><td>{@link dev.fathom.optim.Sgd}</td>
 *       <td>g += d w; v = momentum v + (1 - dampening) g; w -= lr v, or lr (g + momentum v)</td>
 *       <td>Polyak 1964; Sutskever et al. 2013</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Adam}</td>
 *       <td>g += d w; m, v = means of g, g^2; w -= lr m' / (sqrt(v') + epsilon), corrected for their
 *       start at 0</td><td>Kingma and Ba 2015</td></tr>
 *   <tr><td>{@link dev.fathom.optim.AdamW}</td><td>w -= lr d w; then Adam without decay</td>
 *       <td>Loshchilov and Hutter 2019</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Adamax}</td><td>m = mean of g; u = max(beta2 u, |g|); w -= lr m' / u</td>
 *       <td>Kingma and Ba 2015</td></tr>
 *   <tr><td>{@link dev.fathom.optim.NAdam}</td>
 *       <td>Adam whose step is a mean of m' and g, Nesterov's look-ahead</td><td>Dozat 2016</td></tr>
 *   <tr><td>{@link dev.fathom.optim.RAdam}</td>
 *       <td>Adam whose step is rectified while v is a mean of few gradients</td><td>Liu et al. 2020</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Adagrad}</td><td>s += g^2; w -= lr g / (sqrt(s) + epsilon)</td>
 *       <td>Duchi, Hazan and Singer 2011</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Adadelta}</td>
 *       <td>s, u = means of g^2, d^2; d = sqrt(u) / sqrt(s) g; w -= lr d</td><td>Zeiler 2012</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Lion}</td>
 *       <td>w -= lr (d w + sign(beta1 m + (1 - beta1) g)); m = mean of g</td><td>Chen et al. 2023</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Rprop}</td>
 *       <td>w -= sign(g) step, with a step for each weight that grows and shrinks by the signs</td>
 *       <td>Riedmiller and Braun 1993</td></tr>
 *   <tr><td>{@link dev.fathom.optim.RmsProp}</td><td>g += d w; s = mean of g^2; w -= lr g / (sqrt(s) + epsilon)</td>
 *       <td>Tieleman and Hinton 2012; Graves 2013</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Nesterov}</td><td>v = momentum v + lr grad(w - momentum v); w -= v</td>
 *       <td>Nesterov 1983</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Lamb}</td><td>Adam's direction u plus d w; w -= lr |w| / |u| u</td>
 *       <td>You et al. 2020</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Muon}</td>
 *       <td>w -= lr times the orthogonal matrix nearest to the momentum</td><td>Jordan et al. 2024</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Lookahead}</td>
 *       <td>around any rule: every k steps, s += alpha (w - s) and w = s</td><td>Zhang et al. 2019</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Sam}</td><td>around any rule: with the gradient at w + radius g / |g|</td>
 *       <td>Foret et al. 2021</td></tr>
 *   <tr><td>{@link dev.fathom.optim.GradientNoise}</td><td>around any rule: g += noise of variance eta / t^gamma</td>
 *       <td>Neelakantan et al. 2015</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Ema}, {@link dev.fathom.optim.Swa}</td>
 *       <td>beside any rule: averages of w to evaluate with</td>
 *       <td>Polyak and Juditsky 1992; Izmailov et al. 2018</td></tr>
 *   <tr><td>{@link dev.fathom.optim.BoundOptimizer#clipNorm clipNorm}</td>
 *       <td>g min(1, max / (norm + 1e-6)), norm over all parameters of the step</td>
 *       <td>Pascanu, Mikolov and Bengio 2013</td></tr>
 *   <tr><td>{@link dev.fathom.optim.Schedule}</td>
 *       <td>lr times a factor of the epochs and steps finished: ramps, decays and cycles, chained; any formula</td>
 *       <td>Loshchilov and Hutter 2017; Goyal et al. 2017</td></tr>
 * </table>
 *
 * <p>The norm is summed in double precision, in pieces that depend only on the shapes, so any number of threads gives
 * the same bits and no square overflows. If the norm is not finite, the step is refused, whereas PyTorch by default
 * would write NaN into every parameter.
 *
 * <p>If only some rows of a parameter were read, as with an embedding, its gradient is stored as the numbers of those
 * rows and their values. Every recipe treats it as a full gradient that is zero in all other rows: the bits are the
 * same, and a step costs as much as for the whole parameter, unless the group is
 * {@linkplain dev.fathom.optim.Group#lazy lazy}.
 *
 * <p>Gradient descent with all examples has no class of its own: it is {@code Sgd} with one batch of all of them. Rules
 * that are not elementwise are formulas on tensors ({@link dev.fathom.optim.Update#each}). An average of weights is a
 * moment of its recipe, so that it is saved, resumed and exchanged with the weights by what is there anyway.
 *
 * <p>Rejected: optimizers that own their learning rate schedule (a schedule is a pure function, so that resuming needs
 * no state), groups as lists of parameters (names survive saving and say what is meant), and gradients clipped in place
 * (a second pass over them).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.optim;
