using System.Globalization;
using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Formatting;

namespace RateLimiter.Dashboard.Components;

public sealed partial class ChecksChart
{
    // The category must be unique, and the label is not: the first and the last time of a whole day are the same.
    private sealed record Point(string Start, string Label, double Allowed, double Denied);

    [Inject]
    private ViewerClock Clock { get; set; } = default!;

    [Parameter, EditorRequired]
    public IReadOnlyList<ChecksBar> Bars { get; set; } = [];

    [Parameter, EditorRequired]
    public OverviewSpan Span { get; set; } = OverviewSpan.All[0];

    private IReadOnlyList<Point> Points { get; set; } = [];

    private string Summary
    {
        get
        {
            var busiest = Bars.MaxBy(bar => bar.Allowed + bar.Denied);
            var worst = Bars.MaxBy(bar => bar.Denied);
            return busiest is null
                ? ""
                : $"Most checks starting at {Text(busiest)}: {Figures.Text(busiest.Allowed + busiest.Denied)}. "
                    + (
                        worst!.Denied == 0
                            ? "None was denied."
                            : $"Most denials starting at {Text(worst)}: {Figures.Text(worst.Denied)}."
                    );
        }
    }

    protected override void OnParametersSet() =>
        Points = [
            .. Bars.Select(bar => new Point(
                bar.Start.ToString("s", CultureInfo.InvariantCulture),
                Text(bar),
                bar.Allowed,
                bar.Denied
            )),
        ];

    private string Text(ChecksBar bar) =>
        bar.Start.ToString(Span.Format, CultureInfo.InvariantCulture);

    // Only as many labels as fit.
    private string Label(object start)
    {
        var every = Math.Max(1, (int)Math.Ceiling(Points.Count / 6.0));
        var index = Points.TakeWhile(point => point.Start != (string)start).Count();
        return index % every == 0 && index < Points.Count ? Points[index].Label : "";
    }
}
