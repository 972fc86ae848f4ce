namespace RateLimiter.Figures;

/// <summary>The pictures in figures.</summary>
internal static class TrafficTable
{
    public static string Write(IReadOnlyList<Run> runs)
    {
        var rows = runs.Select(run =>
            $"| `{run.Name}` | {string.Join(" | ", Traffic.Scenes.Select(scene => AllowedOf(run, scene)))} "
            + $"| {run.Allowed} of {run.Requests.Count} | {run.MostInOneWindow} |\n"
        );
        return $"""
            | allowed | {string.Join(
                " | ",
                Traffic.Scenes.Select(scene => scene.Name)
            )} | all | most within 10 s |
            |---|{string.Concat(Traffic.Scenes.Select(_ => "---:|"))}---:|---:|
            {string.Concat(rows)}
            """;
    }

    private static string AllowedOf(Run run, Scene scene) =>
        $"{run.Requests.Count(request => request.Allowed && scene.Requests.Contains(request.Time))}"
        + $" of {scene.Requests.Count}";
}
