using System.Text;
using RateLimiter.Domain.Policies;
using static System.FormattableString;

namespace RateLimiter.Figures;

/// <summary>One run as an SVG: its requests as marks, and the permits in use as a line.</summary>
internal static class Picture
{
    private const int Width = 900;
    private const int Height = 356;
    private const int Left = 92;
    private const int Right = Width - 28;
    private const int SceneLine = 88;
    private const int AllowedRow = 98;
    private const int DeniedRow = 124;
    private const int MarkHeight = 18;
    private const int PlotTop = 168;
    private const int PlotBottom = 288;
    private const int LegendLine = 334;
    private const int SecondsPerLabel = 5;

    public static string Draw(Run run)
    {
        var (title, summary) = Describe(run);
        return Invariant(
            $$"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{{Width}}" height="{{Height}}" viewBox="0 0 {{Width}} {{Height}}" role="img" aria-labelledby="title summary">
            <title id="title">{{title}}</title>
            <desc id="summary">{{summary}} Forty seconds: bursts around a window's end, then requests at twice the pace, then a burst after a pause. Marks show which requests are allowed and which are denied; a line shows the permits in use.</desc>
            <style>
            text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
            .title { font-size: 18px; font-weight: 600; }
            .faint { fill: #59636e; }
            .end { text-anchor: end; }
            .middle { text-anchor: middle; }
            .page { fill: #ffffff; stroke: #d1d9e0; }
            .rule { fill: none; stroke: #d1d9e0; }
            .yes { stroke: #0969da; stroke-width: 2; }
            .no { stroke: #bc4c00; stroke-width: 2; }
            .limit { stroke: #1f2328; stroke-dasharray: 6 4; }
            .window { stroke: #59636e; stroke-dasharray: 1 4; stroke-width: 2; stroke-linecap: round; }
            .used { fill: none; stroke: #6639ba; stroke-width: 2; }
            .area { fill: #6639ba; fill-opacity: 0.14; }
            @media (prefers-color-scheme: dark) {
            text { fill: #f0f6fc; }
            .faint { fill: #9198a1; }
            .page { fill: #0d1117; stroke: #3d444d; }
            .rule { stroke: #3d444d; }
            .yes { stroke: #58a6ff; }
            .no { stroke: #f0883e; }
            .limit { stroke: #f0f6fc; }
            .window { stroke: #9198a1; }
            .used { stroke: #d2a8ff; }
            .area { fill: #d2a8ff; }
            }
            </style>
            <rect class="page" x="0.5" y="0.5" width="{{Width - 1}}" height="{{Height
                - 1}}" rx="8"/>
            <text class="title" x="24" y="34">{{title}}</text>
            <text class="faint" x="24" y="56">{{summary}}</text>
            {{Scenes()}}{{Axes(run)}}{{Marks(run)}}{{UsedLine(run)}}{{Legend(run)}}</svg>

            """
        );
    }

    private static (string Title, string Summary) Describe(Run run)
    {
        var size = Limit.IsBucket(run.Limit.Algorithm) ? $", burst {run.Limit.Capacity}" : "";
        return (
            $"{run.Name}: {run.Limit.Permits} permits per {run.Per}{size}",
            $"{run.Allowed} of {run.Requests.Count} requests are allowed, at most {run.MostInOneWindow} of them within "
                + $"{Run.WindowSeconds} s."
        );
    }

    private static string Scenes()
    {
        var drawn = new StringBuilder();
        foreach (var (name, requests) in Traffic.Scenes)
        {
            var (from, to) = (X(requests[0]), X(requests[^1]));
            drawn.Append(
                Invariant(
                    $"""
                    <text class="faint middle" x="{(from + to) / 2:0.##}" y="{SceneLine
                        - 7}">{name}</text>
                    <path class="rule" d="M{from:0.##} {SceneLine}H{to:0.##}"/>

                    """
                )
            );
        }

        return drawn.ToString();
    }

    private static string Axes(Run run)
    {
        var drawn = new StringBuilder();
        var capacity = run.Limit.Capacity;
        long[] labels = capacity == 1 ? [0, 1] : [0, capacity / 2, capacity];
        foreach (var permits in labels)
        {
            var y = Y(run, permits);
            drawn.Append(
                Invariant(
                    $"""
                    <text class="faint end" x="{Left - 10}" y="{y + 4:0.##}">{permits}</text>
                    <path class="rule" d="M{Left} {y:0.##}H{Right}"/>

                    """
                )
            );
        }

        for (var second = 0; second * Traffic.Second <= Traffic.End; second += SecondsPerLabel)
        {
            var unit = second == 0 ? " s" : "";
            drawn.Append(
                Invariant(
                    $"""
                    <text class="faint middle" x="{X(second * Traffic.Second):0.##}" y="{PlotBottom
                        + 18}">{second}{unit}</text>

                    """
                )
            );
        }

        foreach (var start in run.WindowStarts)
        {
            drawn.Append(
                Invariant(
                    $"""
                    <path class="window" d="M{X(start):0.##} {AllowedRow}V{PlotBottom}"/>

                    """
                )
            );
        }

        return drawn.ToString();
    }

    private static string Marks(Run run)
    {
        static string Row(IEnumerable<(long Time, bool Allowed)> requests, int top) =>
            string.Concat(
                requests.Select(request => Invariant($"M{X(request.Time):0.##} {top}v{MarkHeight}"))
            );

        return Invariant(
            $"""
            <text class="end" x="{Left - 10}" y="{AllowedRow + 14}">allowed</text>
            <path class="yes" d="{Row(
                run.Requests.Where(request => request.Allowed),
                AllowedRow
            )}"/>
            <text class="end" x="{Left - 10}" y="{DeniedRow + 14}">denied</text>
            <path class="no" d="{Row(run.Requests.Where(request => !request.Allowed), DeniedRow)}"/>

            """
        );
    }

    private static string UsedLine(Run run)
    {
        var steps = new StringBuilder();
        foreach (var (time, permits) in run.Used)
        {
            steps.Append(Invariant($"H{X(time):0.##}V{Y(run, permits):0.##}"));
        }

        steps.Append(Invariant($"H{Right}"));
        return Invariant(
            $"""
            <path class="area" d="M{Left} {PlotBottom}{steps}V{PlotBottom}Z"/>
            <path class="limit" d="M{Left} {Y(run, run.Limit.Capacity):0.##}H{Right}"/>
            <path class="used" d="M{Left} {PlotBottom}{steps}"/>

            """
        );
    }

    private static string Legend(Run run)
    {
        var capacity = Limit.IsBucket(run.Limit.Algorithm) ? "burst" : "limit";
        var window = run.Limit is CalendarLimit ? "an hour" : "a window";
        var windows =
            run.WindowStarts.Count == 0
                ? ""
                : $"""
                    <path class="window" d="M740 {LegendLine - 14}v{MarkHeight}"/>
                    <text x="751" y="{LegendLine}">{window} begins</text>

                    """;
        return $"""
            <path class="yes" d="M{Left} {LegendLine - 14}v{MarkHeight}"/>
            <text x="{Left + 10}" y="{LegendLine}">request allowed</text>
            <path class="no" d="M232 {LegendLine - 14}v{MarkHeight}"/>
            <text x="242" y="{LegendLine}">request denied</text>
            <path class="used" d="M370 {LegendLine - 4}h24"/>
            <text x="402" y="{LegendLine}">permits used</text>
            <path class="limit" d="M520 {LegendLine - 4}h28"/>
            <text x="556" y="{LegendLine}">{capacity}: the rest remains</text>
            {windows}
            """;
    }

    private static double X(long time) => Left + (double)time / Traffic.End * (Right - Left);

    private static double Y(Run run, long permits) =>
        PlotBottom - (double)permits / run.Limit.Capacity * (PlotBottom - PlotTop);
}
