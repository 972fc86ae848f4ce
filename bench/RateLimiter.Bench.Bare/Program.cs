using System.Text.Json;

// The yardstick of the bench: what MVC costs when it binds a check and answers a decision, and does nothing else.
var builder = WebApplication.CreateBuilder(args);
builder
    .Services.AddControllers()
    .AddJsonOptions(options =>
        options.JsonSerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower
    );

var app = builder.Build();
app.MapControllers();
app.Run();
