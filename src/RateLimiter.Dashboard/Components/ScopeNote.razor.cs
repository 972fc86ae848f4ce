using Microsoft.AspNetCore.Components;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Dashboard.Components;

public sealed partial class ScopeNote
{
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    /// <summary>The scopes of the key; null while they are unknown.</summary>
    [Parameter, EditorRequired]
    public Scopes? Of { get; set; }

    /// <summary>The scopes of which any one is sufficient.</summary>
    [Parameter, EditorRequired]
    public Scopes Wanted { get; set; }

    [Parameter]
    public RenderFragment? ChildContent { get; set; }
}
