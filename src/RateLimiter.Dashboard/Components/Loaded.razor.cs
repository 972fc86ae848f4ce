using Microsoft.AspNetCore.Components;
using RateLimiter.Dashboard.Sessions;

namespace RateLimiter.Dashboard.Components;

public sealed partial class Loaded<T>
{
    /// <summary>Null while it is pending.</summary>
    [Parameter, EditorRequired]
    public Reply<T>? Reply { get; set; }

    /// <summary>Sends the request again.</summary>
    [Parameter]
    public EventCallback Retry { get; set; }

    [Parameter, EditorRequired]
    public RenderFragment<T> ChildContent { get; set; } = _ => _ => { };

    /// <summary>Replaces the default skeleton.</summary>
    [Parameter]
    public RenderFragment? Waiting { get; set; }
}
