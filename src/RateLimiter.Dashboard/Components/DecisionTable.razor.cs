using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Live;

namespace RateLimiter.Dashboard.Components;

public sealed partial class DecisionTable
{
    private readonly HashSet<DecisionRow> open = new(ReferenceEqualityComparer.Instance);

    /// <summary>The caption for screen readers.</summary>
    [Parameter, EditorRequired]
    public string Caption { get; set; } = "";

    [Parameter, EditorRequired]
    public IEnumerable<DecisionRow> Rows { get; set; } = [];

    [Parameter]
    public bool Details { get; set; }

    private void Toggle(DecisionRow row)
    {
        if (!open.Remove(row))
        {
            open.Add(row);
        }
    }
}
