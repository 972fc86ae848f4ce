using System.Globalization;
using Microsoft.AspNetCore.Components;
using RateLimiter.Application.Analytics;

namespace RateLimiter.Dashboard.Components;

public sealed partial class TopList
{
    [Parameter, EditorRequired]
    public IReadOnlyList<TopEntry> Entries { get; set; } = [];

    /// <summary>The count of all that are not among the entries; 0 when it is not shown.</summary>
    [Parameter]
    public long Other { get; set; }

    /// <summary>What is counted.</summary>
    [Parameter, EditorRequired]
    public string Unit { get; set; } = "";

    /// <summary>The link of a name.</summary>
    [Parameter, EditorRequired]
    public Func<string, string> LinkOf { get; set; } = name => name;

    [Parameter]
    public bool IsDenials { get; set; }

    private string Width(TopEntry entry) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{100.0 * entry.Count / Entries[0].Count:0.#}%"
        );
}
