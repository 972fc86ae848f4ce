using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class TextField
{
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter]
    public string Value { get; set; } = "";

    [Parameter]
    public EventCallback<string> ValueChanged { get; set; }

    /// <summary>Null when the value is valid.</summary>
    [Parameter]
    public string? Error { get; set; }

    [Parameter]
    public string? Hint { get; set; }

    [Parameter]
    public bool IsOptional { get; set; }

    [Parameter]
    public bool IsNumber { get; set; }

    [Parameter]
    public bool IsDisabled { get; set; }

    [Parameter]
    public int Lines { get; set; } = 1;

    /// <summary>The id of a datalist.</summary>
    [Parameter]
    public string? List { get; set; }

    [Parameter]
    public string? Class { get; set; }

    private string? Invalid => Error is null ? null : "true";

    private string? Described =>
        (Hint, Error) switch
        {
            (null, null) => null,
            (_, null) => $"{Id}-hint",
            (null, _) => $"{Id}-error",
            _ => $"{Id}-error {Id}-hint",
        };

    private Task ChangeAsync(string? value) => ValueChanged.InvokeAsync(value ?? "");
}
