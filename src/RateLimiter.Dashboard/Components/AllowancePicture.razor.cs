using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Formatting;
using RateLimiter.Dashboard.Limits;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Components;

public sealed partial class AllowancePicture : IDisposable
{
    private const int TableRows = 8;

    private sealed record Drawn(Allowance Allowance, Demand Demand, long Top, long AtOnce);

    private CancellationTokenSource? computation;
    private IReadOnlyList<Limit>? computed;
    private Drawn? shown;
    private Demand demand;
    private TimeSpan window;

    /// <summary>Null while they are invalid.</summary>
    [Parameter, EditorRequired]
    public IReadOnlyList<Limit>? Limits { get; set; }

    /// <summary>An additional note, such as that nothing is denied.</summary>
    [Parameter]
    public string? Note { get; set; }

    // The picture of a concurrency limit would depend on how long reservations stay open, which nobody knows.
    private IReadOnlyList<Limit> Drawable =>
        [.. (Limits ?? []).Where(limit => limit is not ConcurrencyLimit)];

    private bool IsDrawn => Limits is null || Drawable.Count > 0;

    private IReadOnlyList<TimeSpan> Windows =>
        [.. Drawable.Select(limit => limit.LongestWindow).Distinct().Order()];

    private IReadOnlyList<(TimeSpan Value, string Text)> WindowChoices =>
        [.. Windows.Select(it => (it, LimitWords.Duration(it)))];

    protected override Task OnParametersSetAsync()
    {
        // Every render of the form creates equal limits.
        var drawable = Drawable;
        if (
            drawable is []
            || (
                computed is not null
                && drawable.Count == computed.Count
                && drawable.Zip(computed).All(AreSame)
            )
        )
        {
            return Task.CompletedTask;
        }

        if (!Windows.Contains(window))
        {
            window = Windows[^1];
        }

        return ComputeAsync();
    }

    public void Dispose()
    {
        computation?.Cancel();
        computation?.Dispose();
    }

    private static bool AreSame((Limit, Limit) pair) =>
        pair.Item1 with { Epoch = "" } == pair.Item2 with { Epoch = "" };

    private Task Show(Demand chosen)
    {
        demand = chosen;
        return ComputeAsync();
    }

    private Task Show(TimeSpan chosen)
    {
        window = chosen;
        return ComputeAsync();
    }

    /// <summary>Not on the rendering thread: it takes a while for large limits. The latest computation wins.</summary>
    private async Task ComputeAsync()
    {
        if (Drawable is not [_, ..] limits)
        {
            return;
        }

        computation?.Cancel();
        computation?.Dispose();
        computation = new CancellationTokenSource();
        computed = limits;
        var (how, span, token) = (demand, window * 2, computation.Token);
        try
        {
            var allowance = await Task.Run(() => Allowance.Of(limits, how, span, token), token);
            if (!token.IsCancellationRequested)
            {
                shown = new Drawn(
                    allowance,
                    how,
                    RoundUp(allowance.Last.Asked),
                    limits.Min(limit => limit.Capacity)
                );
            }
        }
        catch (OperationCanceledException)
        {
            // The limits have changed meanwhile.
        }
    }

    /// <summary>The next round number, for the axis.</summary>
    private static long RoundUp(long most)
    {
        var unit = 1L;
        while (true)
        {
            foreach (
                var top in (long[])
                    [unit, 2 * unit, 3 * unit, 4 * unit, 5 * unit, 6 * unit, 8 * unit]
            )
            {
                if (most <= top)
                {
                    return top;
                }
            }

            unit *= 10;
        }
    }

    private static string Path(Drawn it, Func<AllowancePoint, long> figure)
    {
        var path = new StringBuilder("M0 300");
        foreach (var point in it.Allowance.Points)
        {
            path.Append(
                CultureInfo.InvariantCulture,
                $"H{point.At / it.Allowance.Span * 1000:0.#}V{300 - 300.0 * figure(point) / it.Top:0.#}"
            );
        }

        return path.ToString();
    }

    private static string Summary(Drawn it)
    {
        var (half, whole) = (it.Allowance.Span / 2, it.Allowance.Span);
        var (middle, end) = (it.Allowance.FiguresBefore(half), it.Allowance.FiguresBefore(whole));
        return it.Demand == Demand.Constant
            ? $"With constant demand, {Figures.Text(it.AtOnce)} requests are allowed at once, {Figures.Text(middle.Allowed)} "
                + $"within {LimitWords.Duration(half)}, {Figures.Text(end.Allowed)} within {LimitWords.Duration(whole)}."
            : $"Of {Figures.Text(middle.Asked)} requests, evenly spread over {LimitWords.Duration(half)}, "
                + $"{Figures.Text(middle.Allowed)} are allowed; of {Figures.Text(end.Asked)} over {LimitWords.Duration(whole)}, {Figures.Text(end.Allowed)}.";
    }
}
