using Microsoft.AspNetCore.Components;

namespace RateLimiter.Dashboard.Pages;

public sealed partial class Elsewhere
{
    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Parameter]
    public string? Path { get; set; }

    protected override void OnInitialized() => Navigation.NotFound();
}
