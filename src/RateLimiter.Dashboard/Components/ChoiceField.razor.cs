using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Components;

public sealed partial class ChoiceField<T>
{
    [Parameter, EditorRequired]
    public string Id { get; set; } = "";

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter, EditorRequired]
    public IReadOnlyList<(T Value, string Text)> Choices { get; set; } = [];

    [Parameter]
    public T Value { get; set; } = default!;

    [Parameter]
    public EventCallback<T> ValueChanged { get; set; }

    [Parameter]
    public string? Hint { get; set; }

    [Parameter]
    public bool IsDisabled { get; set; }

    [Parameter]
    public string? Class { get; set; }

    private int Index =>
        Choices
            .TakeWhile(choice => !EqualityComparer<T>.Default.Equals(choice.Value, Value))
            .Count();

    private Task ChooseAsync(int index) => ValueChanged.InvokeAsync(Choices[index].Value);
}
