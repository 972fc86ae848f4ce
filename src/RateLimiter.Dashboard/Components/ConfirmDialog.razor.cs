using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace RateLimiter.Dashboard.Components;

public sealed partial class ConfirmDialog
{
    private readonly string id = $"dialog-{Guid.NewGuid():N}";
    private ElementReference element;
    private bool isOpen;
    private bool isShown;
    private bool isRunning;
    private string? problem;

    [Inject]
    private IJSRuntime Browser { get; set; } = default!;

    /// <summary>A question.</summary>
    [Parameter, EditorRequired]
    public string Title { get; set; } = "";

    /// <summary>The label of the button that runs the action.</summary>
    [Parameter, EditorRequired]
    public string Confirm { get; set; } = "";

    /// <summary>The action cannot be undone.</summary>
    [Parameter]
    public bool IsDanger { get; set; }

    /// <summary>Runs the action, or reports why it failed.</summary>
    [Parameter, EditorRequired]
    public EventCallback<Confirmation> Run { get; set; }

    /// <summary>The consequences of the action.</summary>
    [Parameter]
    public RenderFragment? ChildContent { get; set; }

    /// <summary>The input fields of the action.</summary>
    [Parameter]
    public RenderFragment? Fields { get; set; }

    public void Open()
    {
        (isOpen, isShown, problem) = (true, false, null);
        StateHasChanged();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (isOpen && !isShown)
        {
            isShown = true;
            await Browser.InvokeVoidAsync("rateLimiter.showDialog", element);
        }
    }

    private async Task RunAsync()
    {
        if (isRunning)
        {
            return;
        }

        isRunning = true;
        var confirmation = new Confirmation();
        try
        {
            await Run.InvokeAsync(confirmation);
        }
        finally
        {
            isRunning = false;
        }

        // An empty problem means that the fields show it.
        problem = confirmation.Problem is "" ? null : confirmation.Problem;
        if (confirmation.Problem is null)
        {
            await CloseAsync();
            if (confirmation.FocusNext is { } selector)
            {
                await Browser.InvokeVoidAsync("rateLimiter.focusFirst", selector);
            }
        }
    }

    private async Task CloseAsync() =>
        await Browser.InvokeVoidAsync("rateLimiter.closeDialog", element);

    private void Closed() => isOpen = false;
}
